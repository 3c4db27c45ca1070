"""States by hand: locks that are left, and earlier states that are brought back."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

from controller.diagnostics.errors import (
    DependencyNotReady,
    Stalled,
    StateLocked,
    Transient,
    TrueupError,
)
from controller.model.names import UnitName
from controller.model.plan import Plan
from controller.model.provider_places import moves
from controller.model.state import KeptState
from controller.model.workspace import Workspace
from controller.past import Past
from controller.ports.engine import Engine
from controller.steps import plan as plan_step
from controller.steps import render as render_step
from controller.steps import restore as restore_step
from controller.workflows import keys
from controller.workflows.catalogs import Wanted
from controller.workflows.journal import Journal
from controller.workflows.recording import Recording
from controller.workflows.units import Units
from controller.workflows.wishes import Wishes
from controller.workflows.world import World

SECONDS = 20.0
"""How long somebody who asks waits for a look that is under way in the unit's directory."""
SHOWN = 10


class States:
    """Breaks locks with proof or when asked to, and restores states that somebody asked for."""

    def __init__(
        self, world: World, recording: Recording, journal: Journal, units: Units, wishes: Wishes
    ) -> None:
        self._world = world
        self._recording = recording
        self._journal = journal
        self._units = units
        self._wishes = wishes

    async def settle_lock(self, name: UnitName, locked: StateLocked) -> TrueupError:
        """Break the lock that was met when its holder is proven dead; give what to go on with."""
        wanted = await self._known(name)
        if wanted is None:
            return locked
        directory = self._world.workspaces.directory(name)
        try:
            engine = await self._units.engine(wanted)
            async with self._world.workspaces.hold(name):
                broken = await engine.break_orphan(directory)
                holder = None if broken else await engine.lock_holder(directory)
        except TrueupError as error:
            return error
        if broken is not None:
            message = f"the lock {broken.id} of {broken.who} was broken: its process is dead"
            await self._recording.event(keys.unit_key(name), "LockBroken", message, warning=True)
            return Transient.because(message)
        if holder is None or not holder.id:
            return locked
        return StateLocked.because(
            f"{locked}; if nobody works there: `trueup unlock {name} --lock {holder.id}`"
        )

    async def unlock(self, name: UnitName, lock: str) -> None:
        """Break a lock because somebody says so. Raises StateLocked when its process is alive."""
        wanted = await self._known(name)
        if wanted is None:
            raise Stalled.because(f"nothing is known of `{name}`")
        await self._check_idle(name)
        engine = await self._units.engine(wanted)
        async with self._held(name):
            await engine.force_unlock(self._world.workspaces.directory(name), lock)
        await self._world.dispatcher.wake(keys.unit_key(name), priority=5)

    async def kept(self, name: UnitName) -> Sequence[KeptState]:
        """Tell which states are kept, the newest first, and what of them was made elsewhere."""
        kept = await self._world.states.kept(name)
        try:
            wanted = await self._known(name)
            places = (await self._workspace(wanted)).places if wanted else None
        except TrueupError:  # what is wrong with the documents is told elsewhere
            places = None
        if places is None:
            return kept
        return [
            replace(state, moved=moves(state.made_with, places)) if state.made_with else state
            for state in kept
        ]

    async def ask_restore(self, name: UnitName, serial: int, by: str) -> None:
        """Suspend a unit and ask for an earlier state. Raises Stalled, Waiting, StateLocked."""
        if not any(state.serial == serial for state in await self._world.states.kept(name)):
            raise Stalled.because(
                f"no state of `{name}` with serial {serial} is kept",
                hint=f"`trueup state history {name}` lists those that are",
                code="state/not-there",
            )
        await self._check_idle(name)
        wanted = await self._known(name)
        if wanted is None:
            raise Stalled.because(f"nothing is known of `{name}`")
        engine = await self._units.engine(wanted)
        await self._check_unlocked(name, engine)
        await self._wishes.suspend(
            name,
            suspended=True,
            at=self._world.clock.now(),
            because=f"{by} restored its state of serial {serial}",
        )
        await self._wishes.restore(name, serial)
        await self._world.dispatcher.wake(keys.unit_key(name), priority=5)

    async def restore_asked(self, wanted: Wanted) -> None:
        """Restore what was asked for, if anything was, and tell what a plan would do then."""
        name = wanted.unit.name
        serial = await self._wishes.restore_asked(name)
        if serial is None:
            return
        world, engine = self._world, await self._units.engine(wanted)
        workspace = await self._workspace(wanted)
        status = await self._recording.unit_restoring(name)
        try:
            async with self._journal.run(keys.unit_key(name), f"restore-{serial}") as run:
                async with run.step("restore"):
                    done = await restore_step.restore(
                        workspace, serial, engine=engine, workspaces=world.workspaces,
                        history=world.states, made_with=status.made_with if status else (),
                    )  # fmt: skip
                await self._recording.unit_restored(name, done.made_with)
                async with run.step("plan"):
                    plan = await plan_step.plan(
                        workspace, engine=engine, workspaces=world.workspaces,
                        past=Past(made_with=done.made_with),
                    )  # fmt: skip
        except Stalled as error:
            await self._wishes.restore(name, None)
            await self._recording.event(
                keys.unit_key(name), "RestoreRefused", str(error), warning=True
            )
            raise
        await self._wishes.restore(name, None)
        changes = "; ".join(str(change) for change in plan.changes[:SHOWN])
        await self._recording.event(
            keys.unit_key(name), "StateRestored",
            f"the state of serial {serial} is there again, as serial {done.written_as}; a plan"
            f" would now: {plan.summary()}{f' ({changes})' if changes else ''}; {_where(plan)}the"
            " unit is suspended until it is resumed", warning=bool(plan.moved),
        )  # fmt: skip

    async def _workspace(self, wanted: Wanted) -> Workspace:
        upstream = await self._units.upstream(wanted, whatever_it_is=True)
        return render_step.render(wanted.catalog, wanted.unit, upstream)

    async def _known(self, name: UnitName) -> Wanted | None:
        """Give a unit as it is wanted, or as it was applied last."""
        try:
            wanted = await self._units.find_wanted(name)
        except DependencyNotReady:
            wanted = None
        status = await self._world.ledger.unit(name)
        if wanted is None and status is not None:
            wanted = await self._units.last_applied(status)
        return wanted

    @asynccontextmanager
    async def _held(self, name: UnitName) -> AsyncIterator[None]:
        """Have the unit's directory; raises StateLocked when somebody has it for long."""
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(SECONDS):
                    await stack.enter_async_context(self._world.workspaces.hold(name))
            except TimeoutError:
                raise StateLocked.because(
                    f"`{name}` is looked at just now", hint="ask again", code="state/busy"
                ) from None
            yield

    async def _check_idle(self, name: UnitName) -> None:
        runs = [
            run
            for run in await self._world.ledger.open_runs()
            if run.subject == keys.unit_key(name)
        ]
        if runs:
            raise StateLocked.because(
                f"`{name}` is worked on since {runs[0].started_at:%H:%M:%S}Z",
                hint="wait until that run has ended",
                code="state/busy",
            )

    async def _check_unlocked(self, name: UnitName, engine: Engine) -> None:
        directory = self._world.workspaces.directory(name)
        async with self._held(name):
            holder = await engine.lock_holder(directory) if directory.is_dir() else None
        if holder is not None:
            raise StateLocked.because(
                f"the state is locked by {holder.who} for {holder.operation} (lock {holder.id})"
            )


def _where(plan: Plan) -> str:
    """Tell what is known of where the things of a state that was brought back are."""
    if plan.moved:
        return (
            f"what it names was made elsewhere than its provider looks ({'; '.join(plan.moved)}),"
            " so that the plan will wait for a person; "
        )
    if not plan.is_origin_noted:
        return "nobody noted where what it names was made, so compare it yourself; "
    return ""
