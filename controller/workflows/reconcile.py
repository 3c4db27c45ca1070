"""Bring one unit to what the repository says of it; this page is the order of things.

    wanted → needs → render → (nothing changed? done) → plan → policy → apply → record

It is level-triggered: every entry looks at what is wanted and at what is there, and does the rest.
A controller that was killed at any line comes here again and continues; the saved plan, bound to
the state it was made from, is what keeps an apply from being done twice.
"""

from datetime import datetime

from controller.diagnostics.errors import DependencyNotReady, PlanStale, PolicyDenied, Waiting
from controller.model.condition import ConditionType
from controller.model.names import UnitName
from controller.model.outcome import Outcome
from controller.model.status import UnitStatus
from controller.model.verdict import Ruling
from controller.model.workspace import Workspace
from controller.past import Past
from controller.steps import apply as apply_step
from controller.steps import plan as plan_step
from controller.steps import render as render_step
from controller.steps import take_over as take_over_step
from controller.workflows import keys
from controller.workflows.approvals import ask
from controller.workflows.catalogs import Wanted
from controller.workflows.journal import RunJournal
from controller.workflows.parts import Parts


async def reconcile(parts: Parts, name: UnitName) -> datetime | None:
    """Do what is left to do for one unit; give the instant to look again.

    Raises Waiting, Stalled or Transient: what is done then is the dispatcher's to decide.
    """
    wanted = await parts.units.find_wanted(name)
    if wanted is None:
        return await parts.removal.remove(name)
    await parts.states.restore_asked(wanted)
    status = before = await parts.recording.unit_wanted(name, wanted.commit)
    if await parts.units.is_suspended(wanted):
        return None
    upstream = await parts.units.upstream(wanted)
    workspace = render_step.render(wanted.catalog, wanted.unit, upstream)
    engine = await parts.units.engine(wanted)
    if await parts.units.is_as_wanted(wanted, status, workspace.digest, engine):
        await parts.recording.unit_unchanged(status, wanted.commit, workspace.places)
    else:
        if first := await parts.drift_order.wait_for(wanted, status):
            told = f"its drift is put back after `{'`, `'.join(map(str, first))}`"
            await parts.recording.unit_working(status, told)
            return parts.drift_order.again()
        await parts.breaker.check(name, status)
        later = parts.pace.wait_until(keys.unit_key(name), name.environment)
        if later is not None:
            await parts.recording.unit_working(status, "waits for its account: `startsPerMinute`")
            return later
        status = await parts.recording.unit_working(status, "a plan is made and applied")
        async with parts.journal.run(keys.unit_key(name), wanted.commit) as run:
            await change(parts, run, wanted, workspace, status)
    await parts.units.wake_dependents(wanted, before)
    return parts.units.next_turn(wanted)


async def change(
    parts: Parts, run: RunJournal, wanted: Wanted, workspace: Workspace, status: UnitStatus
) -> Outcome:
    """Plan, judge and apply: exactly the plan that was judged is applied."""
    world = parts.world
    engine = await parts.units.engine(wanted)
    past = Past(world.states, status.made_with, status.outcome)
    async with run.step("plan") as step:
        plan = await plan_step.plan(
            workspace, engine=engine, workspaces=world.workspaces, past=past
        )
        step.detail = plan.summary()
    verdict = await parts.units.judge(wanted, plan)
    status = await parts.recording.unit_planned(status, plan, verdict)
    if plan.provisional:
        raise DependencyNotReady.because("; ".join(plan.provisional))
    if verdict.ruling == Ruling.DENIED:
        raise PolicyDenied.because(_message(status, ConditionType.ALLOWED))
    if verdict.ruling == Ruling.NEEDS_APPROVAL:
        await ask(parts.wishes, plan, _message(status, ConditionType.ALLOWED))
    async with parts.breaker.admitted(plan, status):
        if not plan.is_empty:
            workspace = await _look_again(parts, wanted, workspace)
        status = await parts.recording.unit_applying(status, plan, workspace.places)
        async with run.step("apply") as step:
            outcome = await apply_step.apply(
                plan, verdict, workspace,
                engine=engine, workspaces=world.workspaces, past=past,
                on_process=parts.units.note_process(run, step),
            )  # fmt: skip
            step.detail = plan.summary()
        if (
            plan.is_empty
            and plan.drift
            and not parts.units.is_configured(status, workspace.digest, engine)
        ):
            outcome = await take_over_step.take_over(
                outcome, workspace, engine=engine, workspaces=world.workspaces, past=past
            )
        async with run.step("record"):
            look_by = parts.units.look_by(wanted)
            await parts.recording.unit_applied(
                status, outcome, plan, places=workspace.places, look_by=look_by
            )
            await parts.wishes.correct(wanted.unit.name, wanted=False)
    return outcome


async def _look_again(parts: Parts, planned: Wanted, workspace: Workspace) -> Workspace:
    """Give what the unit should be by now: an apply refuses a plan of anything else.

    Making the plan took its time: a commit may have come, or an output that the unit reads may be
    another one. Raises PlanStale when nobody wants the unit any more, Waiting when it is suspended.
    """
    name = planned.unit.name
    wanted = await parts.units.find_wanted(name)
    if wanted is None:
        raise PlanStale.because(f"`{name}` was taken out of the repository before its apply began")
    if await parts.units.is_suspended(wanted):
        raise Waiting.because(f"`{name}` was suspended before its apply began")
    upstream = await parts.units.upstream(wanted, whatever_it_is=True)
    now = render_step.render(wanted.catalog, wanted.unit, upstream)
    return workspace if now.digest == workspace.digest else now


def _message(status: UnitStatus, kind: ConditionType) -> str:
    condition = status.condition(kind)
    return condition.message if condition else ""
