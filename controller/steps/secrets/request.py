"""What a secret is to be: the words of its document, with the outputs it names filled in."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from controller.diagnostics.secret import SecretText
from controller.model.delivery import PRIVATE, DatabaseAddress, FileAccess, SecretReference
from controller.model.names import SecretName
from controller.ports.consumer import Consumer
from controller.ports.credential import CredentialIssuer, Maker
from controller.ports.secret_copy import SecretCopy
from controller.ports.secret_store import SecretStore
from controller.ports.secret_target import SecretTarget


@dataclass(frozen=True, slots=True)
class Random:
    """A random text; its fields are `value` and, while the old one still counts, `previous`."""

    length: int = 32


@dataclass(frozen=True, slots=True)
class PostgresLogin:
    """Two logins of `role` in turn; fields username, password, host, port and database."""

    database: DatabaseAddress
    role: str


@dataclass(frozen=True, slots=True)
class Issued:
    """Another system gives it or is told of it: an access key, a certificate, a seed."""

    maker: Maker = field(repr=False)


@dataclass(frozen=True, slots=True)
class Written:
    """A person writes the value into the store; its fields are those that were written."""


@dataclass(frozen=True, slots=True)
class Cron:
    """Instants by the clock of a place, as `0 3 * * 1`."""

    expression: str
    time_zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Window:
    """A time in which a rotation may begin: from each instant of `opens` on, for `length`."""

    opens: Cron
    length: timedelta


@dataclass(frozen=True, slots=True)
class Rotation:
    """How old the secret may become, and how long the old one counts beside the new one."""

    every: timedelta | None
    grace: timedelta
    cron: Cron | None = None
    windows: tuple[Window, ...] = ()
    max_age: timedelta | None = None
    """An older one is replaced outside of the windows as well."""
    ack_timeout: timedelta | None = None
    """How long consumers may take until somebody is told; None: the grace."""
    retire_anyway: bool = False
    """Whether the old one ends then, though it is not known that nobody uses it."""


@dataclass(frozen=True, slots=True)
class SecretRequest:
    """One secret in one environment."""

    name: SecretName
    reference: SecretReference
    """Where its consumers' value lies in the store."""
    kind: Random | PostgresLogin | Issued | Written
    template: str | None = None
    """The text that is delivered, with `{field}`; without it the value, one line each."""
    rotation: Rotation | None = None
    requested_at: datetime | None = None
    """When somebody asked to rotate it; a rotation that began later has answered this."""
    consumers: tuple[str, ...] = ()
    """Who must be known to have the new value before the old one ends."""
    access: FileAccess = PRIVATE
    """Who may read the delivered file."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy that is wanted, and what may be done for it."""

    place: SecretCopy
    described: str
    """How the document describes the place, so that it is found when the document is gone."""
    template: str | None = None
    """The one text to copy; without it, all fields."""
    takes_over: bool = False
    """Whether what nobody noted as his is overwritten."""
    corrects: bool = True
    """Whether what somebody changed is written again; else it is told."""


def _unheard(_message: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class SecretPorts:
    """What is needed from the world."""

    store: SecretStore
    target: SecretTarget
    credentials: CredentialIssuer
    new_secret: Callable[[int], SecretText]
    """A fresh random text of so many letters and digits."""
    now: Callable[[], datetime]
    """A clock and not an instant: a grace begins when the new value was delivered, not before."""
    copies: tuple[Copy, ...] = ()
    consumers: tuple[Consumer, ...] = ()
    told: Callable[[str], None] = _unheard
    """Is told what was found at copies, and left alone."""


def reference_of(store: str, name: SecretName) -> SecretReference:
    """Tell where a secret lies below the store's prefix."""
    return SecretReference(store, str(name))
