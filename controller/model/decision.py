"""Gates, drift, secrets, approvals → decision: why a promotion was, or was not, made."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from controller.model.measurement import GateResult
from controller.model.names import Digest, StageName
from controller.model.release import Release


class DecisionKind(StrEnum):
    """What was decided."""

    PROMOTE = "promote"
    ROLL_BACK = "roll-back"
    WAIT = "wait"
    HOLD = "hold"
    """Somebody wants the stage to stay where it is."""
    LIFT = "lift"
    """Somebody ended a hold."""
    REFUSE = "refuse"
    """A release that waited does not come any more."""
    PUT_BACK = "put-back"
    """Somebody wrote the pointer as it was before an edit by hand."""
    BY_HAND = "by-hand"
    """Somebody edited the pointer in Git, and that was respected."""


@dataclass(frozen=True, slots=True)
class Approval:
    """A person's word for one release in one stage."""

    stage: StageName
    release: str
    by: str
    at: datetime
    reason: str = ""
    groups: tuple[str, ...] = ()
    """The groups that the person was in."""
    evidence: Digest | None = None
    """What was to be seen when the word was given; None when that was not kept."""
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class UnitRisk:
    """How dangerous the plan of one unit was, by which a release came to a stage."""

    unit: str
    score: int
    level: str
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EvidenceItem:
    """One check that a decision rests on: what was asked, if it said yes, and where to look."""

    check: str
    ok: bool | None
    """None: not known, which is not a yes."""
    detail: str
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class DecisionHead:
    """What of a decision tells how long its evidence is kept: a year has thousands of them."""

    kind: DecisionKind
    decided_at: datetime
    number: int = 0


@dataclass(frozen=True)
class Decision:
    """The record of one decision, with every piece of evidence."""

    kind: DecisionKind
    stage: StageName
    """The stage that is moved."""
    release: Release
    """The release it is moved to."""
    previous: str
    """The commit that the stage was at before; empty when there was none."""
    decided_at: datetime
    because: str
    items: tuple[EvidenceItem, ...]
    gates: tuple[GateResult, ...] = ()
    approvals: tuple[Approval, ...] = ()
    by: str = ""
    """Who asked for it; empty when the stage is moved by itself."""
    authors: tuple[str, ...] = ()
    """Who made what the release brings here."""
    risk: tuple[UnitRisk, ...] = ()
    evidence: Digest | None = None
    """What an approval is bound to: release, gates and risk, as they were to be seen."""
    number: int = 0
    """The place in the row of decisions about the stage, from 1; 0 for one that waits."""
    next_look: datetime | None = None
    """When the answer becomes another one by the clock alone, if nothing else happens."""

    def with_next_look(self, at: datetime | None) -> Self:
        """Give the decision with the instant to look again."""
        return replace(self, next_look=at)

    @property
    def blocking(self) -> tuple[str, ...]:
        """Say everything that is awaited, a sentence each."""
        return tuple(item.detail for item in self.items if item.ok is not True)
