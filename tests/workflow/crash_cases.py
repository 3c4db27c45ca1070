"""Each step and fault of the crash matrix: how it is brought about, and how it has to end."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psutil

from tests.support.crash_world import CrashWorld
from tests.support.state_servers import StateServer
from tests.support.worlds import Killed, Life

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 60
Bring = Callable[["Stage"], Awaitable[None]]


@dataclass
class Stage:
    """Where a case is played."""

    crash: CrashWorld
    server: StateServer | None

    async def first_life(self, on_step=None) -> Life:
        self.life = await self.crash.live(on_step)
        return self.life

    async def applying(self, held: str = "second") -> asyncio.Task[None]:
        """Be in the middle of an apply that holds one thing in hand, its state written."""
        self.crash.mark(f"hold-{held}")
        life = await self.first_life()
        await life.begin()
        task = asyncio.ensure_future(life.settle())
        await until((self.crash.marks / f"started-{held}").exists)
        if self.server is None:
            await until(lambda: state_knows(self.crash, "first"))
        return task

    async def engine(self) -> psutil.Process:
        """The process that applies, as the journal has it."""
        (run,) = await self.crash.world.ledger.open_runs()
        return psutil.Process(next(step.pid for step in run.steps if step.step == "apply"))

    async def let_go(self, held: str = "second") -> None:
        (self.crash.marks / f"hold-{held}").unlink(missing_ok=True)


async def until(answers) -> None:
    async with asyncio.timeout(SECONDS):
        while True:
            if answers():
                return
            await asyncio.sleep(0.02)


def works_in(directory: Path) -> bool:
    for process in psutil.process_iter(["name", "status"]):
        if process.info["name"] == "terraform" and process.info["status"] != psutil.STATUS_ZOMBIE:
            with contextlib.suppress(psutil.Error):
                if process.cwd() == str(directory):
                    return True
    return False


def state_knows(crash: CrashWorld, name: str) -> bool:
    with contextlib.suppress(OSError, ValueError):
        document = json.loads(crash.tfstate.read_text())
        return any(resource["name"] == name for resource in document["resources"])
    return False


def killed_at(step: str, moment: str) -> Bring:
    async def bring(stage: Stage) -> None:
        def on_step(name: str, when: str) -> None:
            if (name, when) == (step, moment):
                raise Killed

        life = await stage.first_life(on_step)
        await life.begin()
        with contextlib.suppress(Killed):
            await life.settle()

    return bring


def engine_fault(of: str, how: str) -> Bring:
    async def bring(stage: Stage) -> None:
        stage.crash.fault(of, how)
        life = await stage.first_life()
        await life.begin()
        await life.settle()

    return bring


def engine_gets(number: signal.Signals) -> Bring:
    async def bring(stage: Stage) -> None:
        task = await stage.applying()
        engine = await stage.engine()
        children = engine.children(recursive=True) if number == signal.SIGKILL else []
        for process in [engine, *children]:  # first, so that it does not see the others die
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)
        await task
        await stage.let_go()

    return bring


async def dies_with_the_last_in_hand(stage: Stage) -> None:
    stage.crash.mark("die-third")
    life = await stage.first_life()
    await life.begin()
    await life.settle()
    (stage.crash.marks / "die-third").unlink()


async def is_told_to_end(stage: Stage) -> None:
    task = await stage.applying()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    await stage.let_go()


async def controller_is_killed(stage: Stage) -> None:
    stage.crash.mark("hold-second")
    program = ROOT / "tests" / "support" / "crash_life.py"
    arguments = [str(stage.crash.root), stage.crash.state]
    child = await asyncio.create_subprocess_exec(
        *[sys.executable, str(program), *arguments], cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    await until((stage.crash.marks / "started-second").exists)
    if stage.server is None:
        await until(lambda: state_knows(stage.crash, "first"))
    child.kill()
    await child.wait()
    await until(lambda: not works_in(stage.crash.directory))
    await stage.let_go()


async def backend_goes(stage: Stage) -> None:
    task = await stage.applying()
    stage.server.failing = True
    await stage.let_go()
    await task
    stage.server.failing = False


async def killed_while_it_plans(stage: Stage) -> None:
    def on_lock(told: dict) -> None:
        if told.get("Operation") == "OperationTypePlan":
            stage.server.on_lock = None
            notes = json.loads((stage.crash.directory / ".trueup" / "holders.json").read_text())
            os.kill(notes[-1]["pid"], signal.SIGKILL)

    stage.server.on_lock = on_lock
    life = await stage.first_life()
    await life.begin()
    await life.settle()


async def lock_is_not_given_back(stage: Stage) -> None:
    task = await stage.applying()
    stage.server.refuse_unlock = True
    await stage.let_go()
    await task
    stage.server.refuse_unlock = False


async def somebody_has_the_lock(stage: Stage) -> None:
    path = "/states/shop.dev.api"
    stage.server.locks[path] = {
        "ID": "5f5e", "Who": "ann@laptop", "Operation": "OperationTypeApply",
        "Created": "2026-11-01T10:00:00Z",
    }  # fmt: skip
    life = await stage.first_life()
    await life.begin()
    await life.settle()


async def history_is_full(stage: Stage) -> None:
    """The folder cannot be written to: as a full disk, it is an error of the system."""
    await a_first_apply(stage)
    stage.crash.root.joinpath("states").rename(stage.crash.root / "states-away")
    (stage.crash.root / "states").write_text("")
    await a_change(stage)
    (stage.crash.root / "states").unlink()
    stage.crash.root.joinpath("states-away").rename(stage.crash.root / "states")


async def ledger_is_full(stage: Stage) -> None:
    life = await stage.first_life()
    connection = stage.crash.world.ledger.connection
    await life.begin()
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    with contextlib.suppress(Exception):
        await life.settle()
    connection.execute("PRAGMA max_page_count = 1000000")


async def a_first_apply(stage: Stage) -> None:
    life = await stage.first_life()
    await stage.crash.heal(life)


async def a_change(stage: Stage) -> None:
    """Another output: one more apply, that makes nothing."""
    stage.crash.world.repository.commit({"modules/service/main.tf": 'output "url" { value = 2 }\n'})
    stage.life.world.clock.advance(31)
    await stage.life.settle()


def disk_is_full(*, while_applying: bool) -> Bring:
    async def bring(stage: Stage) -> None:
        filler = stage.crash.root / "workspaces" / "filler"
        if while_applying:
            task = await stage.applying()
            fill(filler)
            await stage.let_go()
            await task
        else:
            life = await stage.first_life()
            fill(filler)
            await life.begin()
            await life.settle()
        filler.unlink()

    return bring


def fill(path: Path) -> None:
    with contextlib.suppress(OSError), path.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 512)


def clock_jumps(days: int) -> Bring:
    async def bring(stage: Stage) -> None:
        task = await stage.applying()
        stage.crash.world.clock.advance(days * 86400)
        (await stage.engine()).kill()
        await task
        stage.crash.world.clock._now -= timedelta(days=2 * days)
        await stage.let_go()

    return bring


def power_goes(left: str) -> Bring:
    async def bring(stage: Stage) -> None:
        task = await stage.applying()
        engine = await stage.engine()
        whole = stage.crash.tfstate.read_bytes()
        for process in [engine, *engine.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        if left == "empty":
            stage.crash.tfstate.write_bytes(b"")
        elif left == "cut off":
            stage.crash.tfstate.write_bytes(whole[: len(whole) // 2])
        else:
            stage.crash.tfstate.unlink()
        await stage.let_go()

    return bring


@dataclass(frozen=True)
class Case:
    step: str
    fault: str
    bring: Bring
    backend: str = "local"
    end: str = "Ready"
    twice: tuple[str, ...] = ()
    """What may be made a second time, because nobody can know; it has to be told."""
    needs_mount: bool = False

    @property
    def name(self) -> str:
        return f"{self.step}: {self.fault} ({self.backend})"


KILL, TERM = signal.SIGKILL, signal.SIGTERM
CASES = (
    Case("plan", "controller killed before it", killed_at("plan", "before")),
    Case("verdict", "controller killed before it", killed_at("plan", "after")),
    Case("apply", "controller killed before it", killed_at("apply", "before")),
    Case("record", "controller killed before it", killed_at("record", "before")),
    Case("record", "controller killed after it", killed_at("record", "after")),
    Case("init", "engine killed", engine_fault("init", "kill")),
    Case("init", "out of memory", engine_fault("init", "memory")),
    Case("plan", "engine killed", engine_fault("plan", "kill")),
    Case("plan", "engine killed with the lock", killed_while_it_plans, "http"),
    Case("plan", "out of memory", engine_fault("plan", "memory")),
    Case("apply", "out of memory", engine_fault("apply", "memory")),
    Case("apply", "engine killed at its begin", engine_fault("apply", "dead")),
    Case("apply", "engine killed in the middle", engine_gets(KILL), twice=("second",)),
    Case("apply", "engine killed in the middle", engine_gets(KILL), "http", twice=("second",)),
    Case("apply", "engine killed with the last thing in hand", dies_with_the_last_in_hand,
         twice=("third",)),
    Case("apply", "engine gets SIGTERM", engine_gets(TERM), twice=("second",)),
    Case("apply", "controller gets SIGTERM", is_told_to_end, twice=("second",)),
    Case("apply", "controller killed in the middle", controller_is_killed, twice=("second",)),
    Case("apply", "controller killed in the middle", controller_is_killed, "http",
         twice=("second",)),
    Case("apply", "clock goes 3 days ahead, then back", clock_jumps(3), twice=("second",)),
    Case("apply", "power goes, the state is empty", power_goes("empty"), twice=("second",)),
    Case("apply", "power goes, the state is cut off", power_goes("cut off"), twice=("second",)),
    Case("apply", "power goes, the state is not there", power_goes("gone"), twice=("second",)),
    Case("state push", "backend gone", backend_goes, "http"),
    Case("unlock", "backend gone", lock_is_not_given_back, "http"),
    Case("lock", "somebody else has it", somebody_has_the_lock, "http", "StateLocked"),
    Case("backup", "history cannot be written", history_is_full),
    Case("record", "ledger's disk full", ledger_is_full),
    Case("render", "workspaces' disk full", disk_is_full(while_applying=False), needs_mount=True),
    Case("apply", "workspaces' disk full", disk_is_full(while_applying=True), needs_mount=True,
         twice=("second",)),
)  # fmt: skip
