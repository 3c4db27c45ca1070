"""How a stage came to its release, and where a commit is: as commands and pages show it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class TracedView:
    """Whether a commit is in a stage, and if not, what it waits for."""

    stage: str
    holds: bool
    commit: str
    said: str


@dataclass(frozen=True)
class TraceView:
    """Where a commit has got to."""

    commit: str
    stages: tuple[TracedView, ...]


@dataclass(frozen=True)
class MoveView:
    """One decision about a stage, as its history shows it."""

    number: int
    kind: str
    commit: str
    subject: str
    previous: str
    because: str
    by: str
    at: datetime
    decision: str
    stage: str = ""
    commits: int | None = None
    """How many commits it brings, or takes back; None: not known."""
    standing: str = ""
    """What a check of its record says: `valid`, or why it is not; empty when it was not made."""


@dataclass(frozen=True)
class UnitPreview:
    """What one unit would change."""

    unit: str
    changes: tuple[str, ...] = ()
    gone: bool = False
    said: str = ""
    moved: tuple[str, ...] = ()
    """Which of its providers would look elsewhere than what it has was made: a person is asked."""


@dataclass(frozen=True)
class PreviewView:
    """What going to a release would change in a stage."""

    stage: str
    commit: str
    release: str
    units: tuple[UnitPreview, ...]
