"""What is written down about one thing: its live configuration, and which processes it has."""

from __future__ import annotations

import datetime as dt
import os
import sys
from pathlib import Path
from typing import Any

from controller.localcloud.daemon import files
from controller.localcloud.errors import CloudError
from controller.localcloud.names import Kind
from controller.localcloud.places import Places

_KEPT_VARIABLES = ("HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "USER", "LOGNAME")


def now() -> str:
    """Give the time as it is written down."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def base_environment() -> dict[str, str]:
    """Give what every process of the local cloud starts with: nothing that could be a secret."""
    search = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    return {**kept, "PATH": search, "PYTHONUNBUFFERED": "1"}


class Records:
    """The files of one thing. `configuration` is what people edit; `running` is the daemon's."""

    def __init__(self, places: Places, kind: Kind, name: str) -> None:
        self.places = places
        self.kind: Kind = kind
        self.name = name
        self.key = f"{kind}/{name}"
        self.log = places.log(kind, name)
        self.data = places.data(kind, name)
        self._configuration = places.configuration(kind, name)
        self._running = places.running(kind, name)

    @property
    def mark(self) -> str:
        """Give the beginning of the mark of every process of this thing."""
        return f"{self.places.mark}:{self.key}:"

    def exists(self) -> bool:
        """Say whether there is a configuration."""
        return self._configuration.exists()

    def find_configuration(self) -> dict[str, Any] | None:
        """Give the live configuration as it stands in the file; raises `CloudError` if broken."""
        return files.find_json(self._configuration)

    def write_configuration(self, owner: str, spec: dict[str, Any]) -> None:
        """Replace the live configuration."""
        files.write_json(self._configuration, {**spec, "owner": owner})

    def owner(self) -> str | None:
        """Give whose it is; `None` if nobody can tell."""
        try:
            owner = (self.find_configuration() or {}).get("owner")
        except CloudError:
            return None
        return owner if isinstance(owner, str) else None

    def running(self) -> dict[str, Any]:
        """Give what was noted about processes; a broken note counts as none."""
        try:
            return files.find_json(self._running) or {}
        except CloudError:
            return {}

    def write_running(self, running: dict[str, Any]) -> None:
        """Note which processes there are."""
        files.write_json(self._running, running)

    def forget_configuration(self) -> None:
        """Remove the live configuration."""
        self._configuration.unlink(missing_ok=True)

    def forget_running(self) -> None:
        """Remove the note of processes."""
        self._running.unlink(missing_ok=True)

    def forget(self) -> None:
        """Remove every note and log; the data folder is left."""
        self.forget_configuration()
        self.forget_running()
        self.log.unlink(missing_ok=True)
        self.log.with_suffix(".log.1").unlink(missing_ok=True)


def check_owner(key: str, current: str | None, owner: str, previous: str | None) -> None:
    """Raise `CloudError` if a thing belongs to somebody else."""
    if current is None or current in {owner, previous}:
        return
    name = key.partition("/")[2]
    raise CloudError(
        f"`{key}` exists already and belongs to `{current}`, not to `{owner}`",
        hint=f"choose another name, or take it over: `terraform import ADDRESS {name}`",
        attribute=("owner",),
    )
