"""Look whether a unit is still what was applied; on a schedule of its own, never starved."""

from datetime import datetime

from controller.model.names import UnitName
from controller.steps import drift as drift_step
from controller.steps import render as render_step
from controller.workflows import keys
from controller.workflows.parts import Parts


async def watch(parts: Parts, name: UnitName) -> datetime | None:
    """Look at one unit once; wakes its reconciliation when drift is to be corrected."""
    world = parts.world
    status = await world.ledger.unit(name)
    wanted = await parts.units.find_wanted(name)
    if status is None or wanted is None or status.outcome is None:
        return None
    applied = await parts.units.last_applied(status) or wanted
    drift_rule = wanted.unit.stack.spec.drift
    if drift_rule.mode == "off" or await parts.units.is_suspended(wanted):
        return None
    later = parts.pace.wait_until(keys.drift_key(name), name.environment)
    if later is not None:
        return later
    upstream = await parts.units.upstream(applied, whatever_it_is=True)
    workspace = render_step.render(applied.catalog, applied.unit, upstream)
    drift = await drift_step.drift(
        workspace, engine=await parts.units.engine(applied), workspaces=world.workspaces,
        clock=world.clock,
    )  # fmt: skip
    await parts.recording.unit_drift(status, drift)
    if drift.changes and drift_rule.mode == "correct":
        await parts.breaker.drifted(name)
        await world.dispatcher.wake(keys.unit_key(name))
    await world.dispatcher.wake(keys.stage_key(name.stage))
    return parts.units.next_look(wanted)
