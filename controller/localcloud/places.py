"""Where the local cloud keeps its things, below one root folder."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from pathlib import Path

from controller.localcloud.errors import CloudError
from controller.localcloud.names import Kind

_LONGEST_SOCKET_PATH = 100
_LONGEST_SOCKET_NAME = len("/pg/.s.PGSQL.65535.lock")
_PRIVATE = 0o700


class Places:
    """The paths of one root. Making a `Places` touches nothing; `prepare` makes the folders."""

    def __init__(self, root: Path) -> None:
        self.root = Path(os.path.realpath(root))
        self.address = self.root / "daemon.json"
        self.daemon_lock = self.root / "daemon.lock"
        self.start_lock = self.root / "start.lock"
        self.daemon_log = self.root / "daemon.log"
        self.leases = self.root / "ports.json"
        self.logs = self.root / "logs"
        self.mark = hashlib.sha256(str(self.root).encode()).hexdigest()[:16]

    def configuration(self, kind: Kind, name: str) -> Path:
        """Give the file with the live configuration of a thing; people may edit it."""
        return self.root / f"{kind}s" / f"{name}.json"

    def running(self, kind: Kind, name: str) -> Path:
        """Give the file that says which processes a thing has."""
        return self.root / "running" / f"{kind}-{name}.json"

    def log(self, kind: Kind, name: str) -> Path:
        """Give the file that a thing's processes write to."""
        return self.logs / f"{kind}-{name}.log"

    def data(self, kind: Kind, name: str) -> Path:
        """Give the folder with the data of a thing."""
        return self.root / f"{kind}s" / name

    def sockets(self) -> Path:
        """Give the folder for sockets: in the root, or a short one if the root's path is long."""
        folder = self.root / "sockets"
        if len(str(folder)) + _LONGEST_SOCKET_NAME < _LONGEST_SOCKET_PATH:
            return folder
        name = f"trueup-{os.geteuid()}-{self.mark}"
        folder = Path(tempfile.gettempdir()) / name
        if len(str(folder)) + _LONGEST_SOCKET_NAME < _LONGEST_SOCKET_PATH:
            return folder
        return Path("/tmp") / name  # noqa: S108  # made 0700, and its owner is checked

    def prepare(self) -> None:
        """Make the folders, private to this user; raises `CloudError` if one is another's."""
        self.claim()
        for folder in ("services", "databases", "buckets", "running", "logs"):
            make_private(self.root / folder)

    def claim(self) -> None:
        """Make the root, or take an empty folder; raises `CloudError` if it is used otherwise."""
        if self.root.is_dir() and not self.start_lock.exists() and any(self.root.iterdir()):
            raise CloudError(
                f"`{self.root}` holds other things already",
                hint="give the local cloud a folder of its own",
            )
        make_private(self.root)
        self.start_lock.touch(mode=0o600)


def make_private(folder: Path) -> None:
    """Make a folder that only this user may enter; raises `CloudError` if it is another's."""
    folder.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        raise CloudError(
            f"`{folder}` belongs to another user, or is no folder",
            hint="choose another root, or remove what is there",
        )
    if stat.S_IMODE(status.st_mode) & 0o077:
        folder.chmod(_PRIVATE)
