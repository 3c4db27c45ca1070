"""Which units and secrets of a stage are not as its release says, and where each unit is."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from controller.diagnostics.errors import (
    ApprovalPending,
    BacklogApproval,
    DependencyNotReady,
    ProviderMoved,
)
from controller.model.condition import ConditionType
from controller.model.names import Commit
from controller.model.status import UnitStatus
from controller.ports.ledger import StatusLedger
from controller.workflows.catalogs import StageTarget, Wanted
from controller.workflows.secret_documents import secrets_of

SECRET = "secret "  # noqa: S105 - begins the name of a secret among what is not ready
_WAITS_FOR_OTHERS = frozenset(
    kind.__name__ for kind in (ApprovalPending, BacklogApproval, DependencyNotReady, ProviderMoved)
)
"""What a unit waits for that is stalled itself, or a person's."""


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


@dataclass(frozen=True, slots=True)
class Place:
    """Where one unit of a stage is while a person must act."""

    stack: str
    at: Commit | None
    wanted: Commit
    stalled: str = ""
    """Why it cannot go on; empty when it can."""

    @property
    def is_there(self) -> bool:
        """Whether it was applied at what is wanted of it."""
        return self.at == self.wanted

    def __str__(self) -> str:
        where = f"at {self.at[:12]}" if self.at else "not there yet"
        short = "" if self.is_there else ", not at the release"
        why = f", stalled: {self.stalled}" if self.stalled else ""
        return f"{self.stack} is {where}{short}{why}"


async def partly_there(
    ledger: StatusLedger, target: StageTarget, is_suspended: Callable[[Wanted], Awaitable[bool]]
) -> tuple[Place, ...]:
    """Say where each unit is, when a person must act before all can be at the release.

    Empty while work goes on by itself, or none of the units has got there.
    """
    wanted = {each.unit.name: each for each in target.wanted()}
    units = [unit for unit in await ledger.units(target.name) if unit.name in wanted]
    places = tuple(_place(unit, wanted[unit.name].commit) for unit in units)
    if not any(place.stalled for place in places) or not any(place.is_there for place in places):
        return ()
    for unit, place in zip(units, places, strict=True):
        if place.is_there or place.stalled or not _goes_on(unit, place.wanted):
            continue
        if not await is_suspended(wanted[unit.name]):
            return ()
    return places


def _goes_on(unit: UnitStatus, wanted: Commit) -> bool:
    """Tell whether a unit that is not there yet gets on without a person, or another unit."""
    ready = unit.condition(ConditionType.READY)
    return unit.desired != wanted or ready is None or ready.reason not in _WAITS_FOR_OTHERS


def how_far(places: Sequence[Place], product: str, commit: Commit | None) -> str:
    """Say of the units of a stage how many are where they should be, and where the others are.

    In a first stage with a broken document what should be is not the same commit for all.
    """
    there, all_of = sum(place.is_there for place in places), len(places)
    where = "where they should be"
    if commit and all(place.wanted == commit for place in places):
        where = f"at {product}@{commit[:12]}"
    if there < all_of:
        return f"{there} of {all_of} units are {where} ({'; '.join(map(str, places))})"
    stalled = "; ".join(str(place) for place in places if place.stalled)
    return f"all {all_of} units are {where}, and not all can be kept so ({stalled})"


def _place(unit: UnitStatus, wanted: Commit) -> Place:
    stalled = unit.condition(ConditionType.STALLED)
    return Place(
        unit.name.stack,
        unit.outcome.commit if unit.outcome else None,
        wanted,
        (stalled.message or stalled.reason) if stalled else "",
    )
