"""How long things are kept, and what went."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from controller.model.names import Digest


@dataclass(frozen=True, slots=True)
class Retention:
    """How long what is kept; what something kept refers to stays, whatever its age."""

    events: timedelta = timedelta(days=90)
    """An event that is older may go,"""
    events_newest: int = 100
    """but not the newest of its subject."""
    decisions: timedelta = timedelta(days=400)
    """A decision that is younger keeps all that it rests on,"""
    decisions_newest: int = 20
    """and so do the newest of each stage."""
    releases: int = 200
    """The newest of each product; what was found out of them goes with them."""
    unreferenced: timedelta = timedelta(days=7)
    """What nothing refers to goes when it was not stored anew for so long."""
    plans: timedelta = timedelta(hours=1)
    """A saved plan, which may hold what is secret, goes after so long."""
    providers: timedelta = timedelta(days=30)
    """A provider that was fetched goes when no workspace named it for so long."""


@dataclass(frozen=True, slots=True)
class OldEvents:
    """Which events of a subject may go: all of this is true of them."""

    before: datetime
    """They happened before it."""
    newest: int
    """So many of the subject came after them."""
    below: int
    """Their number is lower: those from there on were not told to everybody yet."""


@dataclass(frozen=True, slots=True)
class StoredArtifact:
    """One stored file."""

    digest: Digest
    size: int
    put_at: datetime
    """When it was last stored, or stored again."""


@dataclass(frozen=True, slots=True)
class Amount:
    """So many things, so many bytes."""

    count: int = 0
    bytes: int = 0

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.count + other.count, self.bytes + other.bytes)


@dataclass(frozen=True, slots=True)
class Swept:
    """What went, or would go, and what stays."""

    gone: Amount = Amount()
    held: Amount = Amount()
    """Something in use names it."""
    young: Amount = Amount()
    """It is too young to go."""


@dataclass(frozen=True, slots=True)
class Cleaning:
    """What a clean-up took away, or would; why the rest is kept; and what uses the disk."""

    at: datetime
    gone: Mapping[str, Amount] = field(default_factory=dict)
    """By kind."""
    kept: Mapping[str, Amount] = field(default_factory=dict)
    """By what holds it."""
    disk: Mapping[str, int] = field(default_factory=dict)
    """Bytes below the data folder, by the name of what lies there."""
    is_dry: bool = False
    is_whole: bool = True
    """Whether there was time for all of it."""
    problem: str = ""
    """Why it could not be found out what is needed; then nothing of that went."""

    @property
    def total(self) -> Amount:
        """All that went."""
        return sum(self.gone.values(), Amount())
