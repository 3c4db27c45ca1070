"""Gates, drift, secrets, approvals → decision: why a promotion was, or was not, made."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from controller.model.measurement import GateResult
from controller.model.names import StageName
from controller.model.release import Release


class DecisionKind(StrEnum):
    """What was decided."""

    PROMOTE = "promote"
    ROLL_BACK = "roll-back"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class Approval:
    """A person's word for one release in one stage."""

    stage: StageName
    release: str
    by: str
    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class EvidenceItem:
    """One check that a decision rests on: what was asked, if it said yes, and where to look."""

    check: str
    ok: bool | None
    """None: not known, which is not a yes."""
    detail: str
    evidence: str = ""


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
