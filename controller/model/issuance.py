"""A request for a secret or a credential, from the question to the end; never a value.

`permit` and `wrap` are accessors: with them a token can be looked at and ended, not used.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from controller.diagnostics.secret import SecretText


class TargetKind(StrEnum):
    """What is asked for."""

    KEPT = "secret"
    DATABASE = "database"
    SSH = "ssh"
    PKI = "pki"


@dataclass(frozen=True, slots=True)
class Target:
    """What is asked for: a kept secret, or a role of an engine that makes credentials."""

    kind: TargetKind
    name: str
    """`product/environment/secret`, or `store/role`."""
    user: str = ""
    public_key: str = ""
    common_name: str = ""

    def __str__(self) -> str:
        more = self.user or self.common_name
        return f"{self.kind}:{self.name}" + (f" for {more}" if more else "")


class RequestPhase(StrEnum):
    """Where a request stands; each step to the next can be repeated."""

    WAITING = "waiting"
    APPROVED = "approved"
    ISSUING = "issuing"
    """The store is being asked; nobody has anything."""
    HANDED = "handed over"
    """The one-time token is out."""
    IN_USE = "in use"
    """Somebody has unwrapped it."""
    ENDING = "ending"
    REJECTED = "rejected"
    REFUSED = "refused"
    LAPSED = "lapsed"
    """Nobody answered, fetched or unwrapped it in time."""
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    REVOKED = "revoked"

    @property
    def is_final(self) -> bool:
        """Whether nothing comes after it."""
        return self in _FINAL


_FINAL = frozenset(
    {
        RequestPhase.REJECTED, RequestPhase.REFUSED, RequestPhase.LAPSED, RequestPhase.WITHDRAWN,
        RequestPhase.EXPIRED, RequestPhase.REVOKED,
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody asks for; it never changes, and approvals are bound to its digest."""

    who: str
    """The only one who can fetch it."""
    asked_by: str
    target: Target
    ttl: timedelta
    reason: str
    document: str = ""
    """The document in Git; empty when it was asked for by command."""
    salt: str = ""
    """What tells a second request by command from a first one."""

    @property
    def digest(self) -> str:
        """The digest of everything that was asked; who the author of a commit is, is not asked."""
        parts = [
            self.who, "" if self.document else self.asked_by, self.target.kind, self.target.name,
            self.target.user, self.target.public_key, self.target.common_name,
            self.ttl.total_seconds(), self.reason, self.document, self.salt,
        ]  # fmt: skip
        return "sha256:" + hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    @property
    def id(self) -> str:
        """The name of the request."""
        return "r-" + self.digest.removeprefix("sha256:")[:12]


@dataclass(frozen=True, slots=True)
class Word:
    """Somebody's yes, to exactly one question."""

    by: str
    at: datetime
    digest: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Issuance:
    """A request with what became of it."""

    question: Question
    asked_at: datetime
    answer_by: datetime
    phase: RequestPhase = RequestPhase.WAITING
    message: str = ""
    words: tuple[Word, ...] = ()
    wanted: int = 1
    """How many people must say yes, when it was last looked at."""
    fetch_by: datetime | None = None
    store: str = ""
    """The document of the store that it was made in: what was made is ended there, even when the
    document is gone."""
    permit: str = ""
    """Accessor of the token that the credential was made under: ending it ends the credential."""
    wrap: str = ""
    """Accessor of the one-time token."""
    wrap_path: str = ""
    wrap_ends: datetime | None = None
    issued_at: datetime | None = None
    ends_at: datetime | None = None
    unwrapped_at: datetime | None = None
    confirmed_at: datetime | None = None
    """When the requester said to have it."""
    is_alarmed: bool = False
    """Whether it was told that the requester has not said so."""
    ending: RequestPhase | None = None
    trouble: str = ""
    """Why it could not be ended yet."""
    ended_at: datetime | None = None

    @property
    def id(self) -> str:
        """The name of the request."""
        return self.question.id


@dataclass(frozen=True, slots=True)
class Order:
    """What a store is asked to make."""

    id: str
    who: str
    target: Target
    ttl: timedelta
    wrap_ttl: timedelta
    longest: timedelta
    """The longest time that anybody may ask for."""


@dataclass(frozen=True, slots=True)
class Permit:
    """A token that may make one credential, and takes it along when it ends."""

    accessor: str
    token: SecretText


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A credential behind a token that opens it once."""

    token: SecretText
    accessor: str
    path: str
    """What the server says that it was made of; the receiver compares."""


@dataclass(frozen=True, slots=True)
class Counter:
    """Where a one-time token is opened."""

    address: str
    authority: str = ""
    """The certificate to trust, as PEM; empty for the system's."""
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class HandedOver:
    """What the requester gets, once."""

    id: str
    wrapped: Wrapped
    counter: Counter
    wrap_ends: datetime
    ends_at: datetime


@dataclass(frozen=True)
class RequestView:
    """A request as pages and commands show it."""

    id: str
    phase: str
    who: str
    asked_by: str
    target: str
    ttl_seconds: float
    reason: str
    document: str
    digest: str
    """What an approval is bound to."""
    asked_at: datetime
    answer_by: datetime
    approvals: tuple[str, ...]
    approvals_wanted: int
    message: str
    fetch_by: datetime | None = None
    issued_at: datetime | None = None
    unwrapped_at: datetime | None = None
    ends_at: datetime | None = None
    ended_at: datetime | None = None
    is_open: bool = True
    product: str = ""


def request_view(row: Issuance) -> RequestView:
    """Show a request."""
    question = row.question
    of_secret = question.target.kind is TargetKind.KEPT
    return RequestView(
        id=row.id, phase=row.phase.value, who=question.who, asked_by=question.asked_by,
        target=str(question.target), ttl_seconds=question.ttl.total_seconds(),
        reason=question.reason, document=question.document, digest=question.digest,
        asked_at=row.asked_at, answer_by=row.answer_by,
        approvals=tuple(word.by for word in row.words), approvals_wanted=row.wanted,
        message="; ".join(text for text in (row.message, row.trouble) if text),
        fetch_by=row.fetch_by, issued_at=row.issued_at,
        unwrapped_at=row.unwrapped_at, ends_at=row.ends_at, ended_at=row.ended_at,
        is_open=not row.phase.is_final,
        product=question.target.name.partition("/")[0] if of_secret else "",
    )  # fmt: skip
