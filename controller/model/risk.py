"""Plan → risk: how dangerous it is to apply a plan, and why."""

from dataclasses import dataclass
from enum import StrEnum

MOST = 100
SHOWN = 5
"""So many reasons are told in a line or on a page; all are in the JSON."""


class RiskLevel(StrEnum):
    """What a score means, in a word."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


LEVELS = ((70, RiskLevel.CRITICAL), (45, RiskLevel.HIGH), (20, RiskLevel.MEDIUM))
"""From which score on a level holds; below all of them it is low."""


@dataclass(frozen=True, slots=True)
class RiskReason:
    """One reason, with the points that it adds to the score."""

    points: int
    code: str
    sentence: str
    address: str = ""

    def __str__(self) -> str:
        return f"+{self.points} {self.sentence}"


@dataclass(frozen=True, slots=True)
class Risk:
    """The score, from 0 to 100, and its reasons: their points are its sum, up to 100."""

    score: int = 0
    reasons: tuple[RiskReason, ...] = ()

    @property
    def level(self) -> RiskLevel:
        """The score in a word."""
        return next((level for least, level in LEVELS if self.score >= least), RiskLevel.LOW)

    def top(self) -> tuple[RiskReason, ...]:
        """Give the reasons that weigh most."""
        return tuple(reason for reason in self.reasons if reason.points)[:SHOWN]

    def __str__(self) -> str:
        return f"{self.score} ({self.level})"
