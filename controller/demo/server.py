"""The controller of the demo: a `trueup serve` of its own, started again when it was killed."""

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from controller.demo.folder import Folder
from controller.demo.observer import NotObserved

START_SECONDS = 60.0
STOP_SECONDS = 120.0
PR_SET_PDEATHSIG = 1


@dataclass
class Server:
    """One child process; `watch` starts it again when it died of something else than `stop`."""

    folder: Folder
    restarts: int = 0
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Start and wait until it answers. Raises NotObserved with the end of its log."""
        folder, log = self.folder, self.folder.log
        log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        where = self.folder.data / "server.json"
        where.unlink(missing_ok=True)
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "controller", "serve", "--settings", str(folder.settings)],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=self.folder.root,
                start_new_session=True, preexec_fn=_end_with_parent,  # noqa: PLW1509 - one thread
            )  # fmt: skip
        deadline = time.monotonic() + START_SECONDS
        while not where.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise NotObserved(f"the controller did not start:\n{tail(log)}")
            time.sleep(0.05)

    def url(self) -> str:
        """Where its pages are."""
        return str(json.loads((self.folder.data / "server.json").read_text())["url"])

    def watch(self) -> bool:
        """Start it again when it was killed; tells whether that was so."""
        if self._process is None or self._process.poll() is None:
            return False
        self.restarts += 1
        self.start()
        return True

    def stop(self) -> None:
        """End it gracefully and wait; it ends an apply first."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def tail(log: Path, lines: int = 15) -> str:
    """Give the last lines of a log."""
    if not log.exists():
        return "(no log)"
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() == 1:
        os._exit(1)
