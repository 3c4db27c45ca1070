"""The step journal: what a run began, what it finished, and which process does the work."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from controller.diagnostics.errors import TrueupError, Waiting
from controller.model.status import JournalStep, Run, StepState
from controller.ports.clock import Clock
from controller.ports.engine import EngineProcess
from controller.ports.ledger import Ledger
from controller.ports.processes import Processes

GRACE_FOR_SURVIVORS = 600.0
"""Seconds to wait for an engine that lost its controller; it ends after the resource in hand."""

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
        the world, not by reading the journal.
        """
        interrupted = tuple(await self._ledger.open_runs())
        for run in interrupted:
            for step in run.steps:
                if step.state == StepState.STARTED and step.pid and step.pid_started:
                    process = EngineProcess(step.pid, step.pid_started, step.pid_boot)
                    gone = await processes.wait_gone(process, seconds=GRACE_FOR_SURVIVORS)
                    if not gone:
                        raise Waiting.because(
                            f"process {step.pid} still works on `{run.subject}`",
                            hint="it is left alone: wait for it, or end it by hand",
                        )
            await self._ledger.end_run(run.id, "interrupted", self._clock.now())
        return interrupted
