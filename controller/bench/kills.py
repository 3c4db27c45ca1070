"""`trueup bench kills`: a controller that is killed at random instants, again and again.

A real `trueup serve` follows a repository to which commits come all the time; it, its engine, or
both are killed with SIGKILL. At the end every unit has to be at the head, every thing made once,
no state may have lost anything, no lock and no process be left, and the log be whole.
"""

import asyncio
import contextlib
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psutil

from controller.adapters.ledger.sqlite import SqliteLedger
from controller.adapters.state_history.disk import DiskStateHistory
from controller.bench.report import Case, Report, peak_rss_mib
from controller.bench.repository import commit
from controller.model.names import UnitName

UNITS = 12
KILLS_A_COMMIT = 4
LONGEST_PAUSE = 2.5
SECONDS_TO_SETTLE = 180.0
VICTIMS = ("controller", "all", "engine")
_MODULE = """variable "value" { type = string }
variable "before" {
  type    = string
  default = ""
}
resource "terraform_data" "first" { input = var.value }
resource "terraform_data" "second" { input = "${var.value} ${var.before}" }
output "value" { value = terraform_data.first.output }
"""
_PLATFORM = """apiVersion: platform/v1
kind: Environment
metadata: {name: dev}
spec: {engine: embedded}
---
apiVersion: platform/v1
kind: Product
metadata: {name: shop}
spec: {owner: team-shop, environments: [dev]}
---
apiVersion: platform/v1
kind: Pipeline
metadata: {name: shop, product: shop}
spec: {stages: [{environment: dev}]}
"""
_STACK = """apiVersion: platform/v1
kind: Stack
metadata: {{name: thing-{0}, product: shop}}
spec:
  module: modules/thing
  inputs:
    value: "{1}"
{2}  drift: {{mode: report, every: 1m}}
"""
_SETTINGS = """data: {data}
repository: {{url: {url}, poll_every: 1}}
listen: {{port: 0}}
limits: {{units: 3}}
local_cloud: false
log_level: warning
"""

Say = Callable[[str], None]


@dataclass
class Outcome:
    """What was done, and everything that is not as it has to be."""

    kills: Counter[str] = field(default_factory=Counter)
    commits: int = 0
    faults: list[str] = field(default_factory=list)


def bench_kills(kills: int, say: Say, *, seed: int = 20261126) -> Report:
    """Kill so often, and look at what is there at the end."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="trueup-kills-") as folder:
        play = Play(Path(folder), random.Random(seed))
        try:
            play.run(kills, say)
        finally:
            play.kill_all()
    done = play.outcome
    case = Case(
        name="kills at random instants",
        units=UNITS,
        ours_seconds=time.perf_counter() - began,
        plain_seconds=None,
        goal="nothing lost, nothing twice",
        is_met=not done.faults,
        peak_rss_mib=peak_rss_mib(),
        detail={
            "kills": done.kills.total(), "killed": dict(done.kills), "commits": done.commits,
            "faults": done.faults[:20], "seed": seed,
        },
    )  # fmt: skip
    return Report("kills", (case,))


class Play:
    """One repository, one data folder, and one controller after another."""

    def __init__(self, root: Path, chance: random.Random) -> None:
        self.outcome = Outcome()
        self._root = root
        self._chance = chance
        self._data = root / "data"
        self._values = dict.fromkeys(range(UNITS), "0")
        self._process: subprocess.Popen[bytes] | None = None
        self._head = ""

    def run(self, kills: int, say: Say) -> None:
        """Commit, start, kill, start again; let it come to rest; look."""
        self._root.joinpath("trueup.yaml").write_text(
            _SETTINGS.format(data=self._data, url=self._root / "repository.git")
        )
        self._commit(range(UNITS))
        self._start()
        while self.outcome.kills.total() < kills:
            time.sleep(self._chance.uniform(0.0, LONGEST_PAUSE))
            if self.outcome.kills.total() % KILLS_A_COMMIT == 0:
                self._commit(self._chance.sample(range(UNITS), 4))
            self._kill()
            if self.outcome.kills.total() % 25 == 0:
                say(f"{self.outcome.kills.total()} kills")
            self._start()
        self._settle()
        self._stop()
        self._look()

    def kill_all(self) -> None:
        """Leave no process behind."""
        for process in self._descendants():
            with contextlib.suppress(psutil.Error):
                process.kill()

    def _commit(self, changed: Iterator[int] | range | list[int]) -> None:
        self.outcome.commits += 1
        for index in changed:
            self._values[index] = str(self.outcome.commits)
        files = {"modules/thing/main.tf": _MODULE, "platform.yaml": _PLATFORM}
        for index, value in self._values.items():
            before = f"    before: {{output: thing-{index - 1}.value}}\n" if index % 3 else ""
            files[f"stacks/{index}.yaml"] = _STACK.format(index, value, before)
        self._head = commit(
            self._root / "repository.git", files, message=f"change {self.outcome.commits}"
        )

    def _start(self) -> None:
        if self._process is not None and self._process.poll() is None:
            return
        with (self._root / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "controller", "serve", "--settings", "trueup.yaml"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self._root,
                start_new_session=True,
            )  # fmt: skip

    def _descendants(self) -> list[psutil.Process]:
        """Give the controller and all that it started, the engines last."""
        if self._process is None:
            return []
        with contextlib.suppress(psutil.Error):
            controller = psutil.Process(self._process.pid)
            return [controller, *controller.children(recursive=True)]
        return []

    def _kill(self) -> None:
        what = self._chance.choice(VICTIMS)
        controller, *others = self._descendants() or (None,)
        until = time.monotonic() + LONGEST_PAUSE
        while what != "controller" and not others and time.monotonic() < until:
            time.sleep(0.05)  # it has not started its engines yet
            controller, *others = self._descendants() or (None,)
        if controller is None:
            return
        what = what if others else "controller"
        victims = {"controller": [controller], "all": [controller, *others]}.get(what)
        for process in victims or [self._chance.choice(others)]:
            with contextlib.suppress(psutil.Error):
                process.kill()
        self.outcome.kills[what] += 1
        if what != "engine" and self._process is not None:
            self._process.wait()

    def _settle(self) -> None:
        """Wait until every unit is at the head."""
        until = time.monotonic() + SECONDS_TO_SETTLE
        left: object = "nothing was seen"
        while time.monotonic() < until:
            with contextlib.suppress(OSError, ValueError, KeyError, httpx.HTTPError):
                units = self._units()
                left = {
                    unit["name"]: f"{unit['reason']}: {unit['message']}"
                    for unit in units
                    if unit["ready"] != "True" or unit["revision"] != self._head
                }
                if len(units) == UNITS and not left:
                    return
            self._start()
            time.sleep(0.3)
        self.outcome.faults.append(f"did not come to rest: {left}")

    def _units(self) -> list[dict[str, str]]:
        url = json.loads((self._data / "server.json").read_text())["url"]
        token = (self._data / "token").read_text().strip()
        found: list[dict[str, str]] = httpx.get(
            f"{url}/api/units", headers={"Authorization": f"Bearer {token}"}, trust_env=False
        ).json()
        return found

    def _stop(self) -> None:
        started = self._descendants()
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(60)
        _, alive = psutil.wait_procs(started, timeout=10)
        self.outcome.faults += [f"process {process.pid} is left" for process in alive]

    def _look(self) -> None:
        """Look at everything that has to be true now."""
        faults = self.outcome.faults
        faults += asyncio.run(_log_faults(self._data))
        faults += [f"a process is left: {words}" for words in _processes_of(str(self._root))]
        for index, value in self._values.items():
            name = UnitName("shop", "dev", f"thing-{index}")
            faults += [f"{name}: {fault}" for fault in self._state_faults(name, value)]

    def _state_faults(self, name: UnitName, value: str) -> Iterator[str]:
        folder = self._data / "workspaces" / "units" / str(name)
        state = json.loads((folder / "terraform.tfstate").read_text())
        found = _attributes(state)
        if sorted(found) != ["first", "second"]:
            yield f"the state knows {sorted(found)}"
            return
        if f"'value': '{value}'" not in str(found["first"]["input"]):  # beside its type
            yield f"the value is {found['first']['input']}, not {value}"
        for note in ("applying", "made.jsonl"):
            if (folder / ".trueup" / note).exists():
                yield f"`{note}` is left"
        if (folder / "errored.tfstate").exists():
            yield "`errored.tfstate` is left"
        yield from self._history_faults(name, state["lineage"], found)

    def _history_faults(
        self, name: UnitName, lineage: str, found: Mapping[str, Mapping[str, str]]
    ) -> Iterator[str]:
        serial = 0
        for kept in asyncio.run(_kept(self._data, name)):
            if kept["lineage"] != lineage:
                yield "the state was made anew"
            if kept["serial"] < serial:
                yield f"serial {kept['serial']} came after {serial}"
            serial = kept["serial"]
            for thing, attributes in _attributes(kept).items():
                if attributes["id"] != found[thing]["id"]:
                    yield f"`{thing}` was made more than once"


async def _log_faults(data: Path) -> list[str]:
    ledger = SqliteLedger.open(data / "ledger.db")
    broken, runs = await ledger.verify_chain(), await ledger.open_runs()
    await ledger.close()
    faults = [] if broken is None else [f"the chain of events breaks at {broken}"]
    return faults + [f"a run of {run.subject} is open" for run in runs]


async def _kept(data: Path, name: UnitName) -> list[dict[str, Any]]:
    """Give the kept states of a unit, the oldest first."""
    history = DiskStateHistory(data / "states", limit=20, now=lambda: datetime.now(UTC))
    kept = [await history.read(name, each.serial) for each in reversed(await history.kept(name))]
    return [json.loads(content.reveal()) for content in kept if content is not None]


def _attributes(state: Mapping[str, object]) -> dict[str, dict[str, str]]:
    resources = state.get("resources")
    found: dict[str, dict[str, str]] = {
        resource["name"]: resource["instances"][0]["attributes"]
        for resource in (resources if isinstance(resources, list) else ())
    }
    return found


def _processes_of(folder: str) -> Iterator[str]:
    for process in psutil.process_iter(["cmdline", "cwd"]):
        words = process.info["cmdline"] or ()
        if any(folder in word for word in words) or folder in (process.info["cwd"] or ""):
            yield " ".join(words)[:200]
