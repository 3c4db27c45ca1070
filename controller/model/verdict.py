"""Plan → verdict: what policy says of a plan."""

from dataclasses import dataclass
from enum import StrEnum

from controller.model.names import Digest
from controller.model.risk import Risk


class Ruling(StrEnum):
    """What may happen with a plan."""

    ALLOWED = "allowed"
    NEEDS_APPROVAL = "needs-approval"
    DENIED = "denied"


class Level(StrEnum):
    """What a finding of a rule leads to."""

    ADVISORY = "advisory"
    APPROVAL = "approval"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class PolicyFinding:
    """What one rule found in a plan."""

    rule: str
    level: Level
    message: str
    address: str = ""
    allowed_by: str = ""
    """The Exception because of which it only tells."""

    def __str__(self) -> str:
        allowed = f" (allowed by the Exception `{self.allowed_by}`)" if self.allowed_by else ""
        return f"{self.message}{allowed}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement of exactly one plan; apply refuses it for any other."""

    plan: Digest
    ruling: Ruling
    findings: tuple[PolicyFinding, ...] = ()
    approved_by: tuple[str, ...] = ()
    risk: Risk | None = None
