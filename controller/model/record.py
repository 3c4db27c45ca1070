"""Decision → record: what is kept beside a verdict, and what a check of it says."""

from dataclasses import dataclass
from enum import StrEnum

from controller.model.notes import ReleaseNotes


@dataclass(frozen=True, slots=True)
class UnitPlan:
    """The plan by which a release came to one unit of a stage before, and what policy said."""

    unit: str
    plan: str
    policy: str


@dataclass(frozen=True)
class Background:
    """What a person wants to know of a decision, though no rule asks for it. None: not known."""

    changes: tuple[str, ...] | None = None
    """What differs between the release before and this one, a line each."""
    plans: tuple[UnitPlan, ...] | None = None
    notes: ReleaseNotes | None = None


@dataclass(frozen=True, slots=True)
class Topic:
    """What the evidence says of one thing that whoever signs a release asks about."""

    topic: str
    answer: str
    """`yes`, `no`, `unknown`, or `not asked`."""
    said: tuple[str, ...] = ()


class Standing(StrEnum):
    """What a check of a record came to; only the first may be relied on."""

    VALID = "valid"
    REFUSED = "refused"
    OTHER_RULES = "other-rules"
    """Nobody has touched it, but this version decides by other rules: it cannot say."""
    NOT_SEALED = "not-sealed"
    """It was written before there were seals."""
    NOT_RECOMPUTED = "not-recomputed"
    """Nobody has touched it, but what a gate measured is not there, so that it cannot be judged."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; `ok` is None where that could not be found out."""

    check: str
    ok: bool | None
    said: str


@dataclass(frozen=True, slots=True)
class Recomputed:
    """What a gate's answer is when it is judged again from its evidence."""

    check: Check
    is_other_judge: bool = False
    """Another version's judge gave the answer: this one cannot say whether it was right."""


@dataclass(frozen=True)
class Verification:
    """What was looked at in a record, and what that comes to."""

    digest: str
    standing: Standing
    checks: tuple[Check, ...]
    kind: str = ""
    stage: str = ""
    key: str = ""

    @property
    def failed(self) -> tuple[Check, ...]:
        """Give the checks that said no."""
        return tuple(check for check in self.checks if check.ok is False)
