"""Who of us worked on a remote state, so that a lock that is left can be proven to be nobody's.

Such a lock stays when its holder is killed. Before a command that locks runs, the process that runs
it is noted beside the workspace. A lock is an orphan when it was taken on this machine, at a time
at which one of these processes was about to lock or had locked, that process is gone or has ended
its command, and no other engine that could have taken it is alive. Times are compared with
recorded ones only, never with the present: a clock that is set proves nothing and breaks nothing.
"""

import json
import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import psutil

from controller.adapters.engine._process import boot, is_alive
from controller.diagnostics.errors import EngineFailed
from controller.ports.engine import EngineProcess, LockHolder

NOTES = Path(".trueup") / "holders.json"
KEPT = 10
SLACK = 2.0
LONGEST_TO_LOCK = 900.0
"""Seconds within which a command that never ended must have taken its lock."""
_ENGINES = ("terraform", "tofu")
_WRITTEN = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d+)?\s*(Z|\+0000 UTC)?")


@dataclass(frozen=True, slots=True)
class Holder:
    """One command that locked: which process of which machine ran it, and when."""

    pid: int
    started: float
    boot: str
    host: str
    command: str
    begun: float
    ended: float | None = None

    @property
    def is_over(self) -> bool:
        """Whether the command has ended, or the process that ran it is gone."""
        process = EngineProcess(self.pid, self.started, self.boot)
        return self.ended is not None or (self.host == host() and not is_alive(process))

    def may_have_locked(self, holder: LockHolder) -> bool:
        """Tell whether a lock is from this machine and from this command's time."""
        at = _instant(holder.created)
        if at is None or holder.who.rpartition("@")[2] != self.host or self.host != host():
            return False
        last = self.begun + LONGEST_TO_LOCK if self.ended is None else self.ended
        return self.begun - SLACK <= at <= last + SLACK


def host() -> str:
    """Name this machine as Terraform does in its locks."""
    return socket.gethostname()


@contextmanager
def noted(directory: Path, process: EngineProcess, command: str) -> Iterator[None]:
    """Note who runs a command, and that it has ended when it has."""
    note = Holder(
        process.pid, process.started, process.boot or boot(), host(), command, time.time()
    )
    earlier = _read(directory)
    _write(directory, [*earlier, note])
    try:
        yield
    except EngineFailed:  # the process died: what it left is looked at
        raise
    except BaseException as error:
        if isinstance(error.__cause__, EngineFailed):
            raise
        _write(directory, [*earlier, replace(note, ended=time.time())])
        raise
    _write(directory, [*earlier, replace(note, ended=time.time())])


def forget_last(directory: Path) -> None:
    """Take the last note back: its command was refused the lock."""
    _write(directory, _read(directory)[:-1])


def living(directory: Path, holder: LockHolder) -> bool:
    """Tell whether a process of ours that may hold a lock is alive."""
    return any(note.may_have_locked(holder) and not note.is_over for note in _read(directory))


def is_orphan(directory: Path, holder: LockHolder) -> bool:
    """Tell whether it is proven that nobody holds a lock any more."""
    notes = [note for note in _read(directory) if note.may_have_locked(holder)]
    if not notes or not all(note.is_over for note in notes):
        return False
    at = _instant(holder.created)
    return at is not None and not any(_others(directory, at))


def _others(directory: Path, at: float) -> Iterator[int]:
    """Find engines of this machine that may have taken the same lock at an instant."""
    ours = backend(directory)
    for process in psutil.process_iter(["pid", "name", "create_time", "status", "cmdline"]):
        found = process.info
        name, since = found["name"] or "", found["create_time"]
        if not name.startswith(_ENGINES) or found["status"] == psutil.STATUS_ZOMBIE:
            continue
        if name.startswith("terraform-provider") or (since is not None and since > at + SLACK):
            continue
        words = [word for word in found["cmdline"] or () if word.startswith("-chdir=")]
        try:
            folder = Path(process.cwd()) / (words[0].partition("=")[2] if words else "")
            theirs = backend(folder)
        except (psutil.Error, OSError):
            theirs = ours
        if theirs == ours:
            yield found["pid"]


def backend(directory: Path) -> object:
    """Give the backend that a directory was set up with."""
    try:
        text = (directory / ".terraform" / "terraform.tfstate").read_text(encoding="utf-8")
        return json.loads(text).get("backend")
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None


def _instant(text: str) -> float | None:
    """Read the time of a lock, as it is printed or as it stands in JSON."""
    found = _WRITTEN.match(text)
    if found is None:
        return None
    whole = datetime.fromisoformat(f"{found[1]}T{found[2]}").replace(tzinfo=UTC)
    return whole.timestamp() + float(found[3] or 0)


def _read(directory: Path) -> list[Holder]:
    try:
        notes = json.loads((directory / NOTES).read_text(encoding="utf-8"))
        return [Holder(**note) for note in notes]
    except (OSError, ValueError, TypeError):  # a cut-off file proves nothing
        return []


def _write(directory: Path, notes: list[Holder]) -> None:
    path = directory / NOTES
    path.parent.mkdir(mode=0o700, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps([asdict(note) for note in notes[-KEPT:]]), encoding="utf-8")
    partial.replace(path)
