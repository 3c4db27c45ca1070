"""Which units and secrets of a stage are not as its release says, and where each unit is."""

from controller.model.condition import ConditionType
from controller.model.status import UnitStatus
from controller.ports.ledger import StatusLedger
from controller.workflows.catalogs import StageTarget
from controller.workflows.secret_documents import secrets_of

SECRET = "secret "  # noqa: S105 - begins the name of a secret among what is not ready


async def not_ready(ledger: StatusLedger, target: StageTarget) -> tuple[str, ...]:
    """Name the units and secrets of a stage that are not as its release says."""
    found = []
    wanted = {w.unit.name: w.commit for w in target.wanted()}
    known = {status.name: status for status in await ledger.units(target.name)}
    for unit in sorted({*wanted, *known}):
        status = known.get(unit)
        is_ready = (
            status is not None and status.outcome is not None and not status.drift
            and status.outcome.commit == wanted.get(unit)
            and status.is_true(ConditionType.READY)
        )  # fmt: skip
        if not is_ready:
            found.append(str(unit.stack))
    for secret in secrets_of(target):
        delivered = await ledger.secret(secret)
        if delivered is None or not delivered.ready:
            found.append(f"{SECRET}{secret.secret}")
    return tuple(found)


async def partly_there(ledger: StatusLedger, target: StageTarget) -> tuple[str, ...]:
    """Say where each unit is, when a person must act before all can be at the release.

    Empty while work goes on by itself, or none of the units has got there.
    """
    wanted = {w.unit.name: w.commit for w in target.wanted()}
    units = [status for status in await ledger.units(target.name) if status.name in wanted]
    there = [unit for unit in units if is_there(unit, str(wanted[unit.name]))]
    stalled = [unit for unit in units if unit.is_true(ConditionType.STALLED)]
    if not stalled or not there:
        return ()
    return tuple(_place(unit, unit in there) for unit in units)


def is_there(unit: UnitStatus, commit: str) -> bool:
    """Tell whether a unit was applied at a commit."""
    return unit.outcome is not None and unit.outcome.commit == commit


def _place(unit: UnitStatus, there: bool) -> str:
    at = f"at {unit.outcome.commit[:12]}" if unit.outcome else "not there yet"
    stalled = unit.condition(ConditionType.STALLED)
    why = f", stalled: {stalled.message}" if stalled else ""
    return f"{unit.name.stack} is {at}{'' if there else ', not at the release'}{why}"
