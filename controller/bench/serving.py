"""The controller as people run it: `trueup serve` on a Git repository, asked through its API."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import psutil

from controller.bench.repository import commit
from controller.diagnostics.errors import Bug, EngineFailed

START_SECONDS, STOP_SECONDS = 60.0, 60.0
LOOK_SECONDS, IDLE = 3.0, 0.2
"""A controller that computes a fifth of the time, or less, only looks at its repository."""
SETTINGS = """\
data: {place}/data
repository: {{url: {place}/config.git, poll_every: PT0.3S}}
listen: {{port: 0}}
local_cloud: false
log_level: warning
limits: {{units: {units}, drift: {drift}, engine_workers: {workers}}}
"""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much the controller does at a time."""

    units: int = 2
    drift: int = 2
    workers: int = 2


@dataclass
class Serving:
    """One controller in a folder of its own."""

    place: Path
    limits: Limits = field(default_factory=Limits)
    mirror: Path | None = None
    _process: subprocess.Popen[bytes] | None = None
    _http: httpx.Client | None = None

    def push(self, files: Mapping[str, str], message: str) -> str:
        """Commit files to the repository that the controller watches; gives the commit."""
        return commit(self.place / "config.git", files, message=message)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        data, settings = self.place / "data", self.place / "trueup.yaml"
        text = SETTINGS.format(
            place=self.place, units=self.limits.units, drift=self.limits.drift,
            workers=self.limits.workers,
        )  # fmt: skip
        if self.mirror is not None:
            text += f"provider_mirror: {json.dumps(str(self.mirror))}\n"
        settings.write_text(text, encoding="utf-8")
        where = data / "server.json"
        where.unlink(missing_ok=True)
        with (self.place / "controller.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "controller", "serve", "--settings", str(settings)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self._until(where.is_file, START_SECONDS, "the controller did not start")
        token = (data / "token").read_text(encoding="utf-8").strip()
        self._http = httpx.Client(
            base_url=str(json.loads(where.read_text(encoding="utf-8"))["url"]),
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
            trust_env=False,
        )

    def stop(self) -> None:
        """End it gracefully."""
        if self._http is not None:
            self._http.close()
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def restart(self, seconds: float) -> None:
        """End it and start it again, and wait until it is idle."""
        self.stop()
        self.start()
        self.rest(seconds)

    def rest(self, seconds: float) -> None:
        """Wait until engines have got ready and it is idle."""
        before = self.cpu_seconds()

        def is_idle() -> bool:
            nonlocal before
            computed, before = self.cpu_seconds() - before, self.cpu_seconds()
            return computed < IDLE * LOOK_SECONDS

        time.sleep(LOOK_SECONDS)
        self._until(is_idle, seconds, "the controller did not come to rest", pause=LOOK_SECONDS)

    def until_ready(self, at: str, number: int, seconds: float) -> None:
        """Wait until stages with so many units are verified at a commit: all are ready at it.

        There are few stages, so that asking costs little; each counts its units.
        """

        def is_done() -> bool:
            stages = self._get("/api/stages")
            done = [each for each in stages if each["commit"] == at and each["verified"]]
            return sum(int(each["units_ready"]) for each in done) == number

        self._until(is_done, seconds, f"{number} units did not get ready", pause=number / 5000)

    def until_verified(self, at: str, seconds: float) -> None:
        """Wait until every stage is verified at a commit."""

        def is_done() -> bool:
            stages = self._get("/api/stages")
            return bool(stages) and all(x["commit"] == at and x["verified"] for x in stages)

        self._until(is_done, seconds, "not every unit got ready", pause=1)

    def until_looked_at(self, after: datetime, number: int, seconds: float) -> None:
        """Wait until so many units were looked at for drift after an instant."""

        def is_done() -> bool:
            looks = [unit["drift_looked_at"] for unit in self.units()]
            return sum(datetime.fromisoformat(look) > after for look in looks if look) == number

        self._until(is_done, seconds, f"{number} units were not looked at", pause=number / 1000)

    def units(self) -> list[Mapping[str, Any]]:
        """Give all units as the API shows them."""
        return self._get("/api/units")

    def _get(self, path: str) -> list[Mapping[str, Any]]:
        return list(self._client.get(path).raise_for_status().json())

    def look_for_drift(self, unit: str) -> None:
        """Ask for a look at a unit now."""
        answer = self._client.post("/api/actions/drift", json={"subject": unit})
        answer.raise_for_status()

    def workspace(self, unit: str) -> Path:
        """Tell where a unit's workspace is."""
        return self.place / "data" / "workspaces" / "units" / unit

    def cpu_seconds(self) -> float:
        """Tell how much the controller and all that it has started have computed."""
        total = 0.0
        root = self._root
        for process in (root, *root.children(recursive=True)):
            try:
                total += sum(process.cpu_times()[:4])  # with children that have ended
            except psutil.NoSuchProcess:
                continue
        return total

    def peak_rss_mib(self) -> float:
        """Tell the most memory that the controller itself has had, without its workers."""
        status = Path(f"/proc/{self._root.pid}/status")
        if status.is_file():
            line = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM"))
            return int(line.split()[1]) / 1024
        return float(self._root.memory_info().rss) / (1 << 20)

    def workers_rss_mib(self) -> float:
        """Tell how much memory what it has started has now, providers among it."""
        children = self._root.children(recursive=True)
        return sum(float(child.memory_info().rss) for child in children) / (1 << 20)

    @property
    def _root(self) -> psutil.Process:
        if self._process is None:
            raise Bug.because("the controller was not started")
        return psutil.Process(self._process.pid)

    @property
    def _client(self) -> httpx.Client:
        if self._http is None:
            raise Bug.because("the controller was not started")
        return self._http

    def _until(
        self, is_done: Callable[[], bool], seconds: float, problem: str, *, pause: float = 0
    ) -> None:
        deadline = time.monotonic() + seconds
        while not is_done():
            gone = self._process is not None and self._process.poll() is not None
            if gone or time.monotonic() > deadline:
                raise EngineFailed.because(f"{problem} within {seconds:.0f} s{self._said()}")
            time.sleep(max(0.05, pause))

    def _said(self) -> str:
        """Give what stands in the way: the units that are not ready, and the end of the log."""
        lines = (self.place / "controller.log").read_text(errors="replace").splitlines()[-5:]
        if self._http is not None and self._process is not None and self._process.poll() is None:
            lines += [
                f"{unit['name']}: {unit['message']}"
                for unit in self.units()
                if unit["ready"] != "True"
            ][:5]
        return "".join(f"\n  | {line}" for line in lines)
