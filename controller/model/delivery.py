"""Secrets on their way: references and versions, never values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from controller.diagnostics.secret import SecretText
from controller.model.names import SecretName


@dataclass(frozen=True, slots=True)
class SecretReference:
    """Where a secret lies: the name of the store, its mount and the path below it."""

    store: str
    path: str


@dataclass(frozen=True, slots=True)
class SecretDescription:
    """What is known of a stored secret without reading its value."""

    reference: SecretReference
    version: int
    created_at: datetime
    deleted: bool = False
    marks: Mapping[str, str] = field(default_factory=dict)
    """What is noted beside it: custom metadata, or tags. Never a value."""

    @property
    def fingerprint(self) -> tuple[datetime, int, bool]:
        """Tell this content from another without reading it; a version alone may come again."""
        return self.created_at, self.version, self.deleted


@dataclass(frozen=True, slots=True)
class StoreCapabilities:
    """Where stores differ."""

    largest_bytes: int
    """Of all fields of a secret together."""
    is_searched_at_once: bool = False
    """Whether one request describes all that it holds."""
    is_atomic: bool = True
    """Whether of two who write over the same version one is refused, always."""


@dataclass(frozen=True, slots=True)
class FileAccess:
    """Who may read a delivered file."""

    mode: int = 0o600
    owner: str = ""
    """A user of this machine; empty: the controller's."""
    group: str = ""

    @property
    def is_private(self) -> bool:
        """Whether nobody but the controller's user is meant to read it."""
        return not self.owner and not self.group and self.mode & 0o077 == 0


PRIVATE = FileAccess()


@dataclass(frozen=True, slots=True)
class ServerHealth:
    """How a secret server that the controller runs itself is doing."""

    folder: str
    free_bytes: int
    """On the disk where it keeps everything."""
    low_bytes: int
    full_bytes: int
    lacks_rights: bool = False
    """Whether it was set up by an earlier version, and cannot do what this one asks for."""
    was_restored: bool = False
    """Whether a restore that was cut off was finished at its start."""

    @property
    def is_low(self) -> bool:
        """Whether somebody should make room."""
        return self.free_bytes < self.low_bytes

    @property
    def is_full(self) -> bool:
        """Whether there is too little room to begin anything."""
        return self.free_bytes < self.full_bytes


@dataclass(frozen=True, slots=True)
class RestoredSecret:
    """One secret that a restore changes: its version now, and then; None where there is none."""

    path: str
    now: int | None
    then: int | None


@dataclass(frozen=True, slots=True)
class CopyState:
    """What is noted beside a copy of a secret."""

    owner: str
    """The secret that it was made from; empty when nobody noted that."""
    fingerprint: str
    is_moved: bool
    """Whether it was written since the fingerprint was noted."""


@dataclass(frozen=True, slots=True)
class DatabaseAddress:
    """A database whose logins are made: how its administrator and how its consumers reach it."""

    admin: SecretText
    """A connection string of the administrator, who may make roles; it may hold a password."""
    url: str
    """`postgresql://host:port/database`, without a login."""


class RotationPhase(StrEnum):
    """Where a rotation stands; each step to the next can be repeated."""

    IDLE = "idle"
    PREPARED = "prepared"
    APPLIED = "applied"
    VERIFIED = "verified"
    PUBLISHED = "published"
    DRAINING = "draining"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Delivery:
    """A secret that was brought to where its consumers read it."""

    secret: SecretName
    reference: SecretReference
    version: int
    generation: int
    target: str
    """The path of the delivered file, or the address of another kind of target."""
    phase: RotationPhase
    changed_at: datetime | None = None
    """When the value was made; None where an earlier version delivered it."""
    come_again: datetime | None = None
    """When the next step of a rotation, or the next rotation, is due."""
    acknowledged: bool = True
    """Whether the old value waits for no consumer."""
    copies: tuple[str, ...] = ()
    """The addresses of the copies that hold this value."""
    drifted: tuple[str, ...] = ()
    """What was found at copies and left alone, one line each."""
    waits_for: tuple[str, ...] = ()
    """The consumers that are not known to have the new value, while the old one waits for them."""
    unasked: tuple[str, ...] = ()
    """Why consumers could not be told or asked, one line each."""
    late_at: datetime | None = field(default=None, compare=False)
    """When that becomes too long."""
    cause: str = field(default="", compare=False)
    """Why it began."""
