"""A unit that is in Git no more: destroyed, forgotten or refused, as its stack last said."""

from datetime import datetime

from controller.diagnostics.errors import (
    DependencyNotReady,
    PlanStale,
    PolicyDenied,
    Stalled,
    Waiting,
)
from controller.model.names import UnitName
from controller.model.status import UnitStatus
from controller.model.verdict import Ruling
from controller.past import Past
from controller.steps import apply as apply_step
from controller.steps import plan as plan_step
from controller.steps import render as render_step
from controller.workflows import keys
from controller.workflows.approvals import ask
from controller.workflows.backlog import Breaker
from controller.workflows.catalogs import Wanted
from controller.workflows.journal import Journal
from controller.workflows.pace import Pace
from controller.workflows.recording import Recording
from controller.workflows.states import States
from controller.workflows.units import Units
from controller.workflows.wishes import Wishes
from controller.workflows.world import World


class Removal:
    """Takes units away in the reverse order of their needs."""

    def __init__(
        self,
        world: World,
        recording: Recording,
        journal: Journal,
        units: Units,
        breaker: Breaker,
        states: States,
        pace: Pace,
    ) -> None:
        self._wishes = Wishes(world.ledger)
        self._world = world
        self._recording = recording
        self._journal = journal
        self._units = units
        self._breaker = breaker
        self._states = states
        self._pace = pace

    async def remove(self, name: UnitName) -> datetime | None:
        """Do what the stack's deletion policy says. Doing it again changes nothing.

        Gives the instant to come again at, where its account asks for that. One that somebody has
        suspended is left alone. Raises Stalled when the policy refuses, Waiting while others need
        it or nobody approved.
        """
        status = await self._world.ledger.unit(name)
        if status is None:
            return None
        if status.outcome is None and not status.made_with:  # nor was a first apply begun
            await self._forget(status, "was never applied")
            return None
        last = await self._units.last_begun(status)
        if last is not None:
            await self._states.restore_asked(last)
            status = await self._world.ledger.unit(name) or status
            if await self._units.is_suspended(last):
                return None
        policy = last.unit.stack.spec.deletion_policy if last else "refuse"
        if last is None or policy == "refuse":
            raise Stalled.because(
                f"`{name}` is in the repository no more, and nothing says that it may be destroyed",
                hint="put the document back, or set `deletionPolicy: destroy` before taking it out",
            )
        await self._check_nobody_needs(last)
        if policy == "orphan":
            await self._forget(status, "left alone, as its deletion policy says")
            return None
        later = self._pace.wait_until(keys.unit_key(name), name.environment)
        if later is None:
            await self._destroy(last, status)
        return later

    async def _check_nobody_needs(self, last: Wanted) -> None:
        left = []
        for other in await self._world.ledger.units(last.unit.name.stage):
            wanted = await self._units.last_begun(other)
            if wanted is not None and last.unit.name in wanted.unit.needs_units:
                left.append(str(other.name))
        if left:
            raise DependencyNotReady.because(
                f"waits until these are gone: {', '.join(sorted(left))}"
            )

    async def _destroy(self, last: Wanted, status: UnitStatus) -> None:
        name = last.unit.name
        engine = await self._units.engine(last)
        past = Past(self._world.states, status.made_with, status.outcome)
        workspace = render_step.render(
            last.catalog, last.unit, await self._units.upstream(last, whatever_it_is=True)
        )
        async with self._journal.run(keys.unit_key(name), f"destroy-{last.commit}") as run:
            async with run.step("plan"):
                plan = await plan_step.plan(
                    workspace, engine=engine, workspaces=self._world.workspaces, destroy=True,
                    past=past,
                )  # fmt: skip
            verdict = await self._units.judge(last, plan)
            status = await self._recording.unit_planned(status, plan, verdict)
            findings = "; ".join(sorted(finding.message for finding in verdict.findings))
            if verdict.ruling == Ruling.DENIED:
                raise PolicyDenied.because(findings)
            if verdict.ruling == Ruling.NEEDS_APPROVAL:
                await ask(self._wishes, plan, findings)
            await self._look_again(last)
            async with self._breaker.admitted(plan, status), run.step("destroy") as step:
                await apply_step.apply(
                    plan, verdict, workspace, engine=engine, workspaces=self._world.workspaces,
                    past=past, on_process=self._units.note_process(run, step),
                )  # fmt: skip
        await self._world.workspaces.remove(name)
        await self._forget(status, "destroyed")

    async def _look_again(self, last: Wanted) -> None:
        """Raise PlanStale when the unit is wanted again by now, Waiting when it is suspended."""
        name = last.unit.name
        if await self._units.find_wanted(name) is not None:
            raise PlanStale.because(f"`{name}` is in the repository again")
        if await self._units.is_suspended(last):
            raise Waiting.because(f"`{name}` was suspended before it was destroyed")

    async def _forget(self, status: UnitStatus, how: str) -> None:
        await self._world.ledger.remove_unit(status.name)
        await self._recording.event(keys.unit_key(status.name), "Removed", how)
        await self._world.dispatcher.wake(keys.stage_key(status.name.stage))
        for other in await self._world.ledger.units(status.name.stage):
            await self._world.dispatcher.wake(keys.unit_key(other.name))
