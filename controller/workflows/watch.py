"""Look whether a unit is still what was applied; on a schedule of its own, never starved.

Whether the unit could be planned or applied does not matter here: what is looked at is what was
applied last. A look that fails is told, and tried again.
"""

from collections.abc import Sequence
from datetime import datetime

from controller.diagnostics.errors import ProviderMoved, StateReplaced, TrueupError, fault_of
from controller.model.audit import AuditRecord
from controller.model.drift import Drift, is_put_back
from controller.model.names import UnitName
from controller.model.status import UnitStatus
from controller.model.workspace import Workspace
from controller.past import Past
from controller.steps import drift as drift_step
from controller.steps import render as render_step
from controller.workflows import keys
from controller.workflows.catalogs import Wanted
from controller.workflows.parts import Parts

MOST_RECORDS = 20
"""So many entries of a log are kept with a drift."""


async def watch(parts: Parts, name: UnitName) -> datetime | None:
    """Look at one unit once; wakes its reconciliation when drift is to be corrected."""
    status = await parts.world.ledger.unit(name)
    if status is None or status.outcome is None:
        return None
    try:
        return await _watch(parts, status)
    except StateReplaced as error:
        await parts.recording.unit_not_looked_at(name, error)
        await parts.world.dispatcher.wake(keys.unit_key(name))  # its plan tells what would be lost
        raise
    except Exception as error:  # a fault of ours is told at the unit, too, and raised again
        await parts.recording.unit_not_looked_at(name, fault_of(error))
        raise
    finally:
        await parts.drift_order.went_on(name)


async def _watch(parts: Parts, status: UnitStatus) -> datetime | None:
    world, name = parts.world, status.name
    applied = await parts.units.last_applied(status)
    # What is in Git no more, but still there, is looked at as its stack last said.
    wanted = await parts.units.find_wanted(name) or applied
    if wanted is None:
        return None
    rule = wanted.unit.stack.spec.drift
    if rule.mode == "off" or await parts.units.is_suspended(wanted):
        await parts.recording.unit_left_alone(status)
        return None
    later = parts.pace.wait_until(keys.drift_key(name), name.environment)
    if later is not None:
        return later
    try:
        drift = await look(parts, status, applied or wanted, wanted)
    except ProviderMoved as moved:  # nothing to try again until somebody has decided
        await parts.recording.unit_not_looked_at(name, moved)
        return parts.units.next_look(wanted)
    by: Sequence[AuditRecord] = status.drift_by
    if drift.changes != status.drift:
        by = await _who(parts, status, drift)
    await parts.recording.unit_drift(status, drift, look_by=drift.looked_at + rule.oldest, by=by)
    if rule.mode == "correct" and any(is_put_back(change) for change in drift.changes):
        await parts.breaker.drifted(name)
        await world.dispatcher.wake(keys.unit_key(name))
    await world.dispatcher.wake(keys.stage_key(name.stage))
    return parts.units.next_look(wanted)


async def look(
    parts: Parts, status: UnitStatus, applied: Wanted, wanted: Wanted, *, exact: bool = False
) -> Drift:
    """Compare what is there with what was applied last, by the rules that are wanted now.

    Raises ProviderMoved when a provider looks elsewhere than where things were made.
    """
    world, workspace = parts.world, await as_applied(parts, applied)
    return await drift_step.drift(
        workspace, engine=await parts.units.engine(applied),
        workspaces=world.workspaces, clock=world.clock,
        ignore=wanted.unit.stack.spec.drift.ignore,
        past=Past(world.states, status.made_with, status.outcome), exact=exact,
    )  # fmt: skip


async def as_applied(parts: Parts, applied: Wanted) -> Workspace:
    """Render a unit as it was applied last, with what its inputs refer to now."""
    upstream = await parts.units.upstream(applied, whatever_it_is=True)
    return render_step.render(applied.catalog, applied.unit, upstream)


async def _who(parts: Parts, status: UnitStatus, drift: Drift) -> Sequence[AuditRecord]:
    """Ask the environment's log who did it; what a log cannot tell stops nothing."""
    log = parts.world.audit_logs.get(status.name.environment)
    names = {identity for change in drift.changes for identity in change.identities}
    if log is None or not names:
        return ()
    since = status.drift_looked_at or drift.looked_at
    try:
        found = await log.changes_of(frozenset(names), since=since, until=drift.looked_at)
    except TrueupError as error:
        subject = keys.unit_key(status.name)
        await parts.recording.event(subject, "AuditLogUnreadable", str(error), warning=True)
        return ()
    return found[-MOST_RECORDS:]
