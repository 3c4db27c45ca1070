"""What differs between what was applied and what is there."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from controller.model.names import UnitName
from controller.model.plan import Action, AttributeChange, DriftKind, ResourceChange
from schemas.drift import DriftIgnore

INSIDE = "module.unit."
"""What the address of every resource of a unit begins with: people leave it out."""
MOST_TOLD = 10
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)")
_RUNNING = {"localcloud_service": "running", "localcloud_database": "running"}
"""Types whose attribute tells whether it runs, and nothing that anybody can set."""


@dataclass(frozen=True)
class EngineLook:
    """What the engine found when it was asked to refresh, with sensitive values redacted.

    `drift` is what differs from the state, from what the state says to what is there. `planned` is
    what the directory's own configuration would change now: drift that it would put back, and what
    is not applied yet.
    """

    drift: tuple[ResourceChange, ...] = ()
    planned: tuple[ResourceChange, ...] = ()


@dataclass(frozen=True, slots=True)
class IgnoredDrift:
    """What differs and is let be for now: the resource with those attributes only."""

    change: ResourceChange
    reason: str
    owner: str
    until: date


@dataclass(frozen=True, slots=True)
class Drift:
    """The result of one look: no changes means in sync at that time."""

    unit: UnitName
    looked_at: datetime
    changes: tuple[ResourceChange, ...] = ()
    ignored: tuple[IgnoredDrift, ...] = ()
    unused: tuple[str, ...] = ()
    """Rules that let something be, which does not differ now."""

    def tell(self) -> str:
        """Tell what was changed behind our back, with the values before and after."""
        words = []
        for change in self.changes:
            shown = [str(attribute) for attribute in change.attributes[:MOST_TOLD]]
            if more := len(change.attributes) - len(shown):
                shown.append(f"and {more} more")
            word = f"{change.address} {change.drift or change.action}"
            is_gone = change.action == Action.DELETE
            words.append(word if is_gone or not shown else f"{word} ({', '.join(shown)})")
        return "; ".join(sorted(words)) or "in sync"

    def describe(self) -> str:
        """Name what was changed behind our back, in one stable line."""
        words = []
        for change in self.changes:
            names = ", ".join(attribute.path for attribute in change.attributes)
            if not names or change.action == Action.DELETE:
                words.append(f"{change.address} {change.drift or change.action}")
            elif change.drift in TOLD:
                words.append(f"{change.address} {change.drift} ({names})")
            else:
                words.append(f"{change.address} ({names})")
        return "; ".join(sorted(words)) or "in sync"


TOLD = frozenset({DriftKind.UNMANAGED, DriftKind.STOPPED})
"""Kinds that are told beside the names of attributes."""


def is_put_back(change: ResourceChange) -> bool:
    """Tell whether an apply would undo a drift."""
    return change.drift is not DriftKind.UNMANAGED


def classify(
    drift: Iterable[ResourceChange], planned: Iterable[ResourceChange], *, settled: bool
) -> tuple[ResourceChange, ...]:
    """Say what kind each drift is, by what the configuration would change.

    With `settled`, when all that is wanted was applied, a planned change that the state knows
    nothing of is drift too: right after an apply a change by hand may have gone into the state
    unnoticed. Otherwise it is only a change that waits.
    """
    # Reading is no change, and what comes new into the configuration is none that was made by hand.
    plans = {change.address: change for change in planned if change.action != Action.READ}
    found = [replace(each, drift=_kind(each, plans.get(each.address))) for each in drift]
    if settled:
        known = {change.address for change in found}
        found.extend(
            replace(back, drift=_kind(back, change))
            for address, change in plans.items()
            if address not in known
            for back in [_turned_round(change)]
        )
    return tuple(each for each in found if not _moves_by_itself(each))


def _moves_by_itself(change: ResourceChange) -> bool:
    """Tell whether only times differ that nobody set, as until when a database can be restored."""
    return (
        change.drift is DriftKind.UNMANAGED
        and bool(change.attributes)
        and all(_is_time(a.before) and _is_time(a.after) for a in change.attributes)
    )


def _is_time(text: str | None) -> bool:
    return text is not None and _TIME.fullmatch(text.strip('"')) is not None


def _kind(change: ResourceChange, planned: ResourceChange | None) -> DriftKind:
    if change.action == Action.DELETE:
        return DriftKind.DELETED
    names = {_first(attribute.path) for attribute in change.attributes}
    if names == {_RUNNING.get(change.type)}:
        return DriftKind.STOPPED
    if planned is None:
        return DriftKind.UNMANAGED
    back = {_first(attribute.path) for attribute in planned.attributes}
    is_back = planned.action != Action.UPDATE or not names or bool(names & back)
    return DriftKind.CHANGED if is_back else DriftKind.UNMANAGED


def _turned_round(change: ResourceChange) -> ResourceChange:
    """Give a planned change as the drift that it would put back."""
    actions = {Action.CREATE: Action.DELETE, Action.DELETE: Action.CREATE}
    return ResourceChange(
        change.address,
        change.type,
        actions.get(change.action, Action.UPDATE),
        tuple(replace(a, before=a.after, after=a.before) for a in change.attributes),
        change.reason,
    )


def _first(path: str) -> str:
    return path.partition(".")[0].partition("[")[0]


def address_inside(address: str) -> str:
    """Give an address as the unit's module has it."""
    return address.removeprefix(INSIDE)


def rules_that_let_be(
    rules: Iterable[DriftIgnore], today: date
) -> tuple[Callable[[str, str], bool], ...]:
    """Give what tells of an address and an attribute whether a rule lets it be today."""

    def made_of(rule: DriftIgnore) -> Callable[[str, str], bool]:
        return lambda address, attribute: rule.covers(address_inside(address), attribute)

    return tuple(made_of(rule) for rule in rules if not rule.has_expired(today))


def let_be(
    changes: Iterable[ResourceChange], rules: Iterable[DriftIgnore], today: date
) -> tuple[tuple[ResourceChange, ...], tuple[IgnoredDrift, ...], tuple[str, ...]]:
    """Divide drift into what counts and what rules let be today; also gives the unused rules.

    That a thing is gone is never let be.
    """
    holding = [rule for rule in rules if not rule.has_expired(today)]
    counted: list[ResourceChange] = []
    ignored: list[IgnoredDrift] = []
    used: set[int] = set()
    for change in changes:
        ruled = [(_rule_for(change, each, holding), each) for each in change.attributes]
        left = tuple(each for number, each in ruled if number is None)
        taken = {
            number: tuple(each for other, each in ruled if other == number)
            for number, _ in ruled
            if number is not None
        }
        used |= taken.keys()
        ignored.extend(
            IgnoredDrift(
                replace(change, attributes=attributes),
                holding[number].reason, holding[number].owner, holding[number].until,
            )
            for number, attributes in taken.items()
        )  # fmt: skip
        if left or not taken:
            counted.append(replace(change, attributes=left))
    unused = tuple(str(rule) for number, rule in enumerate(holding) if number not in used)
    return tuple(counted), tuple(ignored), unused


def _rule_for(
    change: ResourceChange, attribute: AttributeChange, rules: list[DriftIgnore]
) -> int | None:
    if change.drift == DriftKind.DELETED:
        return None
    address = address_inside(change.address)
    fitting = (n for n, rule in enumerate(rules) if rule.covers(address, attribute.path))
    return next(fitting, None)
