"""The controller's loop: which workflow works on which key."""

import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from controller.diagnostics.errors import (
    PlanStale,
    Stalled,
    StateLocked,
    Transient,
    TrueupError,
    Waiting,
    fault_of,
)
from controller.model.names import Commit, StageName, UnitName
from controller.workflows import keys
from controller.workflows.clean_up import clean_up
from controller.workflows.deliver import deliver
from controller.workflows.forecast_runs import keys_of_forecasts, look_ahead
from controller.workflows.parts import Parts
from controller.workflows.patience import end_of
from controller.workflows.promote import promote
from controller.workflows.reach import HEAD
from controller.workflows.reconcile import reconcile
from controller.workflows.secret_server import look_at_server
from controller.workflows.source import LAST_WHOLE, source
from controller.workflows.stages import Stages
from controller.workflows.take_stock import take_stock
from controller.workflows.tell import tell
from controller.workflows.watch import watch

CLEAN_UP_AFTER = timedelta(hours=1)
"""After a start, which has more urgent things to do."""


@dataclass(frozen=True)
class Loop:
    """Runs until it is cancelled; may be killed at any instant and started again."""

    parts: Parts
    poll_every: timedelta

    async def run(self, on_ready: Callable[[], Awaitable[None]] | None = None) -> None:
        """Settle what an earlier life left, then work on what is due.

        A repository that cannot be reached does not keep the rest from going on.
        """
        parts = self.parts
        interrupted = await parts.journal.settle_interrupted(parts.world.processes)
        for run in interrupted:
            await parts.recording.event(
                run.subject, "Resumed", "was interrupted; continues from what is there",
                revision=run.revision,
            )  # fmt: skip
            await parts.world.dispatcher.wake(run.subject)
        await self._recall_head()
        await parts.breaker.look()
        await parts.world.dispatcher.wake(keys.SOURCE, priority=10)
        await self._wake_known()
        later = parts.world.clock.now() + CLEAN_UP_AFTER
        await parts.world.dispatcher.wake(keys.RETENTION, at=later)
        if on_ready is not None:
            await on_ready()
        await parts.world.dispatcher.run(self.work)

    async def _wake_known(self) -> None:
        """Look at everything once: the world may have changed while nobody looked."""
        ledger = self.parts.world.ledger
        units = [unit.name for unit in await ledger.units()]
        await self.parts.world.dispatcher.wake_all(
            [
                keys.RECEIVERS,
                keys.STOCK,
                # Only now: the units of a commit that brings providers load them all the same.
                *([keys.ENGINES] if self.parts.catalogs.head is not None else ()),
                *(keys.stage_key(stage.name) for stage in await ledger.stages()),
                *(keys.secret_key(secret.name) for secret in await ledger.secrets()),
                *(keys.issue_key(row.id) for row in await ledger.issuances(is_open=True)),
                *map(keys.unit_key, units),
                *map(keys.drift_key, units),
                *keys_of_forecasts(self.parts),
            ]
        )

    async def _recall_head(self) -> None:
        """Load the head that was known before, from the mirror, without the network."""
        world = self.parts.world
        for fact in (LAST_WHOLE, HEAD):
            known = await world.ledger.fact(fact)
            if known is None:
                continue
            try:
                await self.parts.catalogs.set_head(await world.repository.snapshot(Commit(known)))
            except TrueupError:
                continue  # the mirror is gone: the first fetch brings it back

    async def work(self, key: str) -> datetime | None:
        """Work on one key; the dispatcher decides what an error means for its next turn."""
        lane, _, subject = key.partition(":")
        if lane == "source":
            await self.parts.breaker.look()
            await self.parts.breaker.tidy()
            await look_at_server(self.parts)
            return await self._source()
        if lane == "issue":  # what is out must end, whether or not the repository can be read
            return await self._guarded(self.parts.issue_turns.turn(subject))
        if self.parts.catalogs.head is None:
            raise Waiting.because("the repository was not read yet")
        if lane == "stock":
            return await self._guarded(take_stock(self.parts))
        if lane == "retention":
            return await self._guarded(clean_up(self.parts))
        if lane == "engines":
            return await self._guarded(self.parts.engines_ready.follow())
        return await self._work(lane, subject)

    async def _source(self) -> datetime:
        before = self.parts.catalogs.head
        try:
            due = await source(self.parts, every=self.poll_every)
            await self.parts.issue_turns.follow()
            return due
        finally:
            if before is not self.parts.catalogs.head:  # something may have been committed
                await self.parts.world.dispatcher.wake(keys.STOCK)

    async def _work(self, lane: str, subject: str) -> datetime | None:
        match lane:
            case "unit":
                return await self._unit(UnitName.parse(subject))
            case "drift":
                return await self._watch(UnitName.parse(subject))
            case "secret":
                return await self._guarded(deliver(self.parts, keys.parse_secret(subject)))
            case "forecast":
                return await self._guarded(look_ahead(self.parts, *subject.split("/")))
            case "stage":
                return await self._stage(StageName.parse(subject))
            case "notify":
                await tell(self.parts)
            case _:
                pass
        return None

    async def _stage(self, name: StageName) -> datetime | None:
        try:
            return await self._guarded(promote(self.parts, name))
        except TrueupError as error:
            await self.parts.recording.stage_stopped(name, error)
            await self._look_over(name)
            raise

    async def _guarded(self, work: Awaitable[datetime | None]) -> datetime | None:
        """Await work; a disk that is full, or a file that cannot be had, is tried again."""
        try:
            return await work
        except OSError as error:
            raise fault_of(error) from error

    async def _watch(self, name: UnitName) -> datetime | None:
        await self._check_ended(name)
        try:
            return await self._guarded(watch(self.parts, name))
        except StateLocked as locked:
            raise await self.parts.states.settle_lock(name, locked) from locked

    async def _check_ended(self, name: UnitName) -> None:
        await self.parts.journal.check_ended(keys.unit_key(name), self.parts.world.processes)

    async def _tell_stage(self, name: UnitName) -> None:
        """Let a stage tell that it stopped half way, when a unit of its release cannot go on.

        Of a unit that is not wanted, or not at this commit yet, it has nothing to tell: a look at
        the stage would only wake the unit again, and that one the stage.
        """
        status = await self.parts.world.ledger.unit(name)
        with contextlib.suppress(TrueupError):  # what is wrong with the stage is told by itself
            wanted = await self.parts.units.find_wanted(name)
            if wanted and status and status.desired == wanted.commit:
                await self.parts.world.dispatcher.wake(keys.stage_key(name.stage))

    async def _look_over(self, name: StageName) -> None:
        """Let the units of a stage follow the platform although the stage itself cannot move."""
        status = await self.parts.world.ledger.stage(name)
        if status is not None:
            with contextlib.suppress(TrueupError):  # what stopped the stage was told
                await Stages(self.parts).wake_all(status)

    async def _unit(self, name: UnitName) -> datetime | None:
        try:
            return await self._reconcile(name)
        finally:
            status = await self.parts.world.ledger.unit(name)
            if status is not None:
                await self.parts.breaker.saw([(name, status.desired)])
            await self.parts.drift_order.went_on(name)

    async def _reconcile(self, name: UnitName) -> datetime | None:
        try:
            await self._check_ended(name)
            return await self._guarded(reconcile(self.parts, name))
        except StateLocked as locked:
            error = await self.parts.states.settle_lock(name, locked)
            await self.parts.recording.unit_stopped(name, error)
            raise error from locked
        except PlanStale as error:  # the world moved on in between: a new plan is made
            await self.parts.recording.unit_stopped(name, Transient(error.diagnostics))
            raise Transient(error.diagnostics) from error
        except TrueupError as error:
            status = await self.parts.world.ledger.unit(name)
            ended = end_of(error, status, self.parts.world.clock.now())
            await self.parts.recording.unit_stopped(name, ended)
            if isinstance(ended, Stalled):
                await self._tell_stage(name)
            if ended is error:
                raise
            raise ended from error
        except Exception as error:  # else it would go on saying what was true before
            await self.parts.recording.unit_stopped(name, fault_of(error))
            raise
