"""The folder of one run: its order, its lines, and the lock that its process holds."""

import fcntl
import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from controller.adapters.load_generator.meeting import Meeting
from controller.diagnostics.errors import Stalled, Transient
from controller.ports.load_generator import LoadOrder

ERROR_TAIL = 4_000
COMPLAINTS = "stderr.txt"
SCRIPT = "load_test.py"
SHOWN = "token"
"""The file with what a master and its workers show each other."""
FOR_SCRIPTS = ("TRUEUP_LOAD_RATE_PER_USER", "TRUEUP_LOAD_REMOTE_TARGET")


class RunFolder:
    """Reads and writes what a run leaves, from outside of its process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read = 0
        self._started: dict[str, Any] = {}
        self._last: dict[str, Any] | None = None
        self._news: list[dict[str, Any]] = []

    @classmethod
    def of(cls, root: Path, key: str) -> "RunFolder":
        """Find the folder of a key."""
        return cls(root / hashlib.sha256(key.encode()).hexdigest()[:32])

    def write(
        self,
        order: LoadOrder,
        environment: Mapping[str, str],
        *,
        parent: int,
        meeting: Meeting | None,
    ) -> None:
        """Write what the process is told; it ends with `parent`, where there is one."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.path / SCRIPT).write_bytes(order.script)
        for name, content in order.files.items():
            target = (self.path / name).resolve()
            if not target.is_relative_to(self.path.resolve()):
                raise Stalled.because(f"`{name}` is not below the run's folder")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        told = {
            "parent": parent,
            "script": str(self.path / SCRIPT),
            "target": order.target.rstrip("/"),
            "users": order.users,
            "rate": order.rate,
            "warm_up": order.warm_up,
            "steady": order.steady,
            "is_open": order.is_open,
            "stages": [(stage.rate, stage.seconds) for stage in order.stages],
            "mix": dict(order.mix),
            "abort_error_rate": order.abort.error_rate if order.abort else None,
            "abort_seconds": order.abort.seconds if order.abort else 1.0,
            "most_requests": order.most_requests,
            "workers": order.workers,
            "share": (0, 1),
            "meeting": None,
        }
        if meeting is not None:
            told["meeting"] = {
                "host": meeting.host,
                "port": meeting.port,
                "patience": meeting.patience,
                "lost_after": meeting.lost_after,
                "is_elsewhere": order.are_elsewhere,
            }
            told["data"] = sorted(order.files)
            told["environment"] = dict(environment)
            told["for_script"] = [*order.environment, *FOR_SCRIPTS]
            (self.path / SHOWN).write_text(meeting.token, encoding="utf-8")
        (self.path / "order.json").write_text(json.dumps(told), encoding="utf-8")

    def complaints(self) -> BinaryIO:
        """Open the file for what the process complains of."""
        return (self.path / COMPLAINTS).open("wb")

    def last_complaint(self) -> str:
        """Give the end of what the process complained of."""
        try:
            content = (self.path / COMPLAINTS).read_bytes()
        except OSError:
            return ""
        return content[-ERROR_TAIL:].decode("utf-8", "replace").strip()

    def holder(self) -> int | None:
        """Give the process that holds the lock; None when nobody does, so that no load is made.

        It is 0 where the process has not yet said who it is.
        """
        try:
            lock = (self.path / "lock").open("rb")
        except FileNotFoundError:
            return None
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                self._hear()
                return int(self._started.get("pid", 0))
        return None

    def result(self) -> dict[str, Any] | None:
        """Give the last word of the process: `result` or `refused`; None as long as it works."""
        self._hear()
        return self._last

    def news(self) -> Iterator[dict[str, Any]]:
        """Give the progress that was not given yet."""
        self._hear()
        while self._news:
            yield self._news.pop(0)

    def note_cancelled(self) -> None:
        """Note that somebody ended the run."""
        (self.path / "cancelled").touch()

    def is_cancelled(self) -> bool:
        """Tell whether somebody ended the run."""
        return (self.path / "cancelled").exists()

    def remove(self) -> None:
        """Take the folder away."""
        shutil.rmtree(self.path, ignore_errors=True)

    def _hear(self) -> None:
        """Read the whole lines that are new."""
        try:
            with (self.path / "lines.jsonl").open("rb") as lines:
                lines.seek(self._read)
                content = lines.read()
        except FileNotFoundError:
            return
        whole = content[: content.rfind(b"\n") + 1]
        self._read += len(whole)
        for raw in whole.splitlines():
            try:
                line: dict[str, Any] = json.loads(raw)
            except ValueError:
                raise Transient.because(
                    "the load generator wrote a line that is not JSON",
                    code="gate/generator-broke-off",
                ) from None
            match line["kind"]:
                case "started":
                    self._started = line
                case "progress":
                    self._news.append(line)
                case _:
                    self._last = line
