"""How often, and how long, what may pass is tried again before somebody is asked to look."""

from dataclasses import replace
from datetime import datetime, timedelta

from controller.diagnostics.errors import EngineFailed, GaveUp, TrueupError
from controller.model.condition import ConditionType, Truth
from controller.model.status import UnitStatus

MOST_TRIES = 10
LONGEST = timedelta(hours=2)
FEW = 3
"""So many failures there must be however long it took: a controller may have been down between."""


def end_of(error: TrueupError, status: UnitStatus | None, now: datetime) -> TrueupError:
    """Give the error to go on with: GaveUp once an engine has failed too often or for too long.

    A provider that asks for fewer requests is waited for as long as it takes.
    """
    if not isinstance(error, EngineFailed) or status is None:
        return error
    tries = status.failures + 1
    ready = status.condition(ConditionType.READY)
    is_down = ready is not None and ready.status == Truth.FALSE
    for_long = is_down and ready is not None and now - ready.last_transition_time >= LONGEST
    if tries < MOST_TRIES and not (for_long and tries >= FEW):
        return error
    return GaveUp(
        replace(
            each,
            code=GaveUp.code,
            message=f"it failed again and again: {each.message}",
            hint=each.hint or f"mend what it names, then `trueup reconcile {status.name}`",
        )
        for each in error.diagnostics
    )
