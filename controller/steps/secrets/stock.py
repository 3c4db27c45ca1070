"""What somebody should look at of a secret: its age, its owner, its readers, where else it lies."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from controller.diagnostics.diagnostic import Diagnostic, Severity
from controller.model.inventory import Place, Reader, Sighting
from controller.model.names import SecretName

NAMED = 3
"""How many places a finding names; it counts the others."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What was found of one secret."""

    name: SecretName
    is_wanted: bool
    owner: str
    changed_at: datetime | None
    limit: timedelta
    """How old it may become."""
    readers: Sequence[Reader]
    sightings: Sequence[Sighting]
    same: Sequence[SecretName]
    """Other secrets with the same value."""


def findings(facts: Facts, now: datetime) -> tuple[Diagnostic, ...]:
    """Judge one secret; what was not looked at is no finding."""
    found = [*_of_its_life(facts, now)] if facts.is_wanted else []
    for place, code, told, hint in _PLACES:
        places = sorted({each.where for each in facts.sightings if each.place == place})
        if places:
            severity = Severity.WARNING if place == Place.FILE else Severity.ERROR
            message = f"`{facts.name}` {told} {_named(places)}"
            found.append(
                Diagnostic(code, message, severity=severity, hint=hint.format(name=facts.name))
            )
    return tuple(found)


def _of_its_life(facts: Facts, now: datetime) -> Sequence[Diagnostic]:
    name, found = facts.name, []
    if facts.changed_at is not None and now - facts.changed_at > facts.limit:
        days = (now - facts.changed_at).days
        found.append(
            _warning(
                "secrets/too-old",
                f"`{name}` is {days} days old; {facts.limit.days} are allowed",
                f"change it: `trueup rotate {name}`, or write a new value",
            )
        )
    if not facts.owner:
        found.append(
            _warning(
                "secrets/unowned",
                f"nobody owns `{name}`",
                "add a Product document with an `owner`, or the label `owner`",
            )
        )
    if not facts.readers:
        found.append(
            _warning(
                "secrets/unused",
                f"nobody reads `{name}`: no stack names it, and it is copied nowhere",
                "remove its document, or name who reads it",
            )
        )
    if facts.same:
        found.append(
            _warning(
                "secrets/shared",
                f"`{name}` has the same value as {_named(sorted(map(str, facts.same)))}",
                "give each a value of its own: who knows one knows both",
            )
        )
    return found


_ROTATE = "whoever has read it knows it: `trueup rotate {name}`"
_PLACES = (
    (Place.HISTORY, "secrets/in-history", "lies in the history of the repository:", _ROTATE),
    (Place.STATE, "secrets/in-state", "lies in clear in a Terraform state:", _ROTATE),
    (
        Place.FILE,
        "secrets/stale-file",
        "is wanted no more and still lies in",
        "remove the file when nobody reads it any more",
    ),
)


def _warning(code: str, message: str, hint: str) -> Diagnostic:
    return Diagnostic(code, message, severity=Severity.WARNING, hint=hint)


def _named(places: Sequence[str]) -> str:
    shown = ", ".join(f"`{place}`" for place in places[:NAMED])
    more = len(places) - NAMED
    return f"{shown} and {more} more" if more > 0 else shown
