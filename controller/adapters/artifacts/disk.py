"""Artifacts as files of one folder, for nobody else to read."""

import asyncio
import os
import stat
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from controller.adapters.artifacts._address import address_of, hexadecimal
from controller.diagnostics.errors import Stalled, Transient
from controller.durable import sync_folder
from controller.model.names import Digest
from controller.model.retention import StoredArtifact

_ABANDONED_AFTER = 24 * 3600.0
"""Seconds after which a temporary file belongs to nobody any more: no write takes that long."""


class DiskArtifacts:
    """Files below `root`, named by their SHA-256: `sha256/ab/cdef…`.

    A file appears whole or not at all (written beside, synced, renamed), is only readable by its
    owner, and is compared with its address each time it is read. The time of a file is when it was
    put last.
    """

    def __init__(self, root: Path, now: Callable[[], datetime]) -> None:
        """Make the folders when they are not there. Raises Transient when that cannot be done."""
        self._now = now
        self._coming_or_going = threading.Lock()
        """Held while a file comes to its place, is found there by a `put`, or is removed."""
        self._root = root.absolute()
        self._temporary = self._root / "tmp"
        try:
            _make_folders(self._root.parent, self._temporary)
            self._clean()
        except OSError as error:
            raise _cannot("opened", self._root, error) from error

    async def put(self, content: bytes) -> Digest:
        """Store content and give its address; what is damaged there is replaced.

        May be repeated; survives a crash once it has returned. Raises Transient when the disk is
        full or does not let us write.
        """
        return await asyncio.to_thread(self._put, content)

    async def get(self, digest: Digest) -> bytes | None:
        """Give the content of an address; None when it is not there.

        Raises Stalled when the file is not what its address says, Transient when it cannot be read.
        """
        return await asyncio.to_thread(self._get, digest)

    def locate(self, digest: Digest) -> str:
        """Tell a person the path of the content."""
        return str(self._path(digest))

    async def stored(self) -> Sequence[StoredArtifact]:
        """List what is there, by address. Raises Transient when the folder cannot be read."""
        return await asyncio.to_thread(self._stored)

    async def remove(self, digest: Digest, *, unless_put_since: datetime) -> bool:
        """Remove content that was not put again since; tells whether it is gone.

        Raises Transient when the disk does not let us.
        """
        return await asyncio.to_thread(self._remove, digest, unless_put_since)

    def _stored(self) -> list[StoredArtifact]:
        found = []
        try:
            for path in sorted((self._root / "sha256").glob("??/*")):
                status = path.stat()
                put_at = datetime.fromtimestamp(status.st_mtime, UTC)
                digest = Digest(f"sha256:{path.parent.name}{path.name}")
                found.append(StoredArtifact(digest, status.st_size, put_at))
        except OSError as error:
            raise _cannot("read", self._root, error) from error
        return found

    def _remove(self, digest: Digest, unless_put_since: datetime) -> bool:
        path = self._path(digest)
        try:
            with self._coming_or_going:
                if path.stat().st_mtime >= unless_put_since.timestamp():
                    return False
                path.unlink()
        except FileNotFoundError:
            return True
        except OSError as error:
            raise _cannot("changed", path, error) from error
        return True

    def _path(self, digest: Digest) -> Path:
        name = hexadecimal(digest)
        return self._root / "sha256" / name[:2] / name[2:]

    def _put(self, content: bytes) -> Digest:
        digest = address_of(content)
        path = self._path(digest)
        try:
            if self._was_put_before(path, content):
                sync_folder(path.parent)  # whoever wrote it may have died before doing so
            else:
                _make_folders(self._root, path.parent)
                self._write(path, content)
        except OSError as error:
            raise _cannot("written", path, error) from error
        return digest

    def _was_put_before(self, path: Path, content: bytes) -> bool:
        with self._coming_or_going:
            if not _holds(path, content):
                return False
            self._date(path)
            return True

    def _date(self, path: Path) -> None:
        """Note that a file is wanted as of now: whoever is about to remove it lets it be."""
        instant = self._now().timestamp()
        os.utime(path, (instant, instant))

    def _write(self, path: Path, content: bytes) -> None:
        descriptor, name = tempfile.mkstemp(dir=self._temporary)  # mode 0600
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            self._date(Path(name))
            with self._coming_or_going:
                Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        sync_folder(path.parent)

    def _get(self, digest: Digest) -> bytes | None:
        path = self._path(digest)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _cannot("read", path, error) from error
        if address_of(content) != digest:
            raise Stalled.because(
                f"the artifact `{path}` is damaged: its content is not what its name says",
                hint=f"restore the file from a backup, or remove it: `rm {path}`",
                code="artifacts/damaged",
            )
        return content

    def _clean(self) -> None:
        for left in self._temporary.iterdir():
            if left.stat().st_mtime < time.time() - _ABANDONED_AFTER:
                left.unlink(missing_ok=True)


def _holds(path: Path, content: bytes) -> bool:
    """Whether the file is there, is ours alone, and has this content."""
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            return (
                status.st_size == len(content)
                and stat.S_IMODE(status.st_mode) == stat.S_IRUSR | stat.S_IWUSR
                and file.read() == content
            )
    except FileNotFoundError:
        return False


def _make_folders(above: Path, folder: Path) -> None:
    """Make and sync `folder` and what is missing above it; below `above` for the owner only."""
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for new in reversed(missing):
        inside = above in new.parents
        new.mkdir(mode=0o700 if inside else 0o755, exist_ok=True)
        sync_folder(new.parent)


def _cannot(done: str, path: Path, error: OSError) -> Transient:
    return Transient.because(
        f"the artifact store `{path}` cannot be {done}: {error.strerror or error}",
        hint="look at the free space and the permissions of that folder",
        code="artifacts/unusable",
    )
