"""The step journal: what a run began, what it finished, and which process does the work."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from controller.diagnostics.errors import TrueupError, Waiting
from controller.model.status import JournalStep, Run, StepState
from controller.ports.clock import Clock
from controller.ports.engine import EngineProcess
from controller.ports.ledger import Ledger
from controller.ports.processes import Processes

GRACE_FOR_SURVIVORS = 20.0
"""Seconds that a start waits for engines that lost their controller: most end at once."""

OnStep = Callable[[str, str], None]
"""Told `before` and `after` each step: tests stop the world there."""


@dataclass
class RunJournal:
    """The journal of one run."""

    run: Run
    ledger: Ledger
    clock: Clock
    on_step: OnStep | None = None

    @asynccontextmanager
    async def step(self, name: str) -> AsyncIterator["OpenStep"]:
        """Record a step's begin and end around its work."""
        if self.on_step:
            self.on_step(name, "before")
        started = JournalStep(self.run.id, name, StepState.STARTED, self.clock.now())
        await self.ledger.write_step(started)
        step = OpenStep(started)
        try:
            yield step
        except BaseException as error:
            if isinstance(error, Exception):
                await self._close(step, StepState.FAILED, str(error))
            raise
        await self._close(step, StepState.DONE, step.detail)
        if self.on_step:
            self.on_step(name, "after")

    async def _close(self, step: "OpenStep", state: StepState, detail: str) -> None:
        await self.ledger.write_step(
            replace(step.row, state=state, ended_at=self.clock.now(), detail=detail[:500])
        )

    async def note_process(self, step: "OpenStep", process: EngineProcess) -> None:
        """Record who does the work, before it is begun."""
        step.row = replace(
            step.row, pid=process.pid, pid_started=process.started, pid_boot=process.boot
        )
        await self.ledger.write_step(step.row)


@dataclass
class OpenStep:
    """A step under way; `detail` is what the journal says of it at its end."""

    row: JournalStep
    detail: str = ""


class Journal:
    """Opens runs, and on a start looks at those that were interrupted."""

    def __init__(self, ledger: Ledger, clock: Clock, on_step: OnStep | None = None) -> None:
        self._ledger = ledger
        self._clock = clock
        self._on_step = on_step
        self._left: dict[str, Run] = {}

    @asynccontextmanager
    async def run(self, subject: str, revision: str) -> AsyncIterator[RunJournal]:
        """Open the next attempt at (subject, revision) and record how it ended."""
        run = await self._ledger.begin_run(subject, revision, self._clock.now())
        try:
            yield RunJournal(run, self._ledger, self._clock, self._on_step)
        except Waiting:
            await self._ledger.end_run(run.id, "waiting", self._clock.now())
            raise
        except TrueupError as error:
            await self._ledger.end_run(run.id, error.reason, self._clock.now())
            raise
        except Exception:
            await self._ledger.end_run(run.id, "Bug", self._clock.now())
            raise
        await self._ledger.end_run(run.id, "done", self._clock.now())

    async def settle_interrupted(self, processes: Processes) -> tuple[Run, ...]:
        """Close the runs that an earlier life left open, after their processes have ended.

        Called once, before anything is dispatched. What they were doing is found out by looking at
        the world, not by reading the journal. One whose process works on stays open: it holds up
        its own subject only (`check_ended`).
        """
        interrupted = tuple(await self._ledger.open_runs())
        living = await asyncio.gather(
            *(_survivor(run, processes, GRACE_FOR_SURVIVORS) for run in interrupted)
        )
        for run, process in zip(interrupted, living, strict=True):
            if process is None:
                await self._ledger.end_run(run.id, "interrupted", self._clock.now())
            else:
                self._left[run.subject] = run
        return tuple(run for run in interrupted if run.subject not in self._left)

    async def check_ended(self, subject: str, processes: Processes) -> None:
        """Raise Waiting while a process of an earlier life works on a subject."""
        run = self._left.get(subject)
        if run is None:
            return
        process = await _survivor(run, processes, 0)
        if process is not None:
            raise Waiting.because(
                f"process {process.pid} of an earlier controller still works on it",
                hint="it is left alone: wait for it, or end it by hand",
            )
        await self._ledger.end_run(run.id, "interrupted", self._clock.now())
        self._left.pop(subject, None)


async def _survivor(run: Run, processes: Processes, seconds: float) -> EngineProcess | None:
    """Give a process that still works on a run after so many seconds."""
    for step in run.steps:
        if step.state == StepState.STARTED and step.pid and step.pid_started:
            process = EngineProcess(step.pid, step.pid_started, step.pid_boot)
            if not await processes.wait_gone(process, seconds=seconds):
                return process
    return None
