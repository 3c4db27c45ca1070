"""What the controller remembers of units, stages and secrets, and a run's journal."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from controller.model.audit import AuditRecord
from controller.model.condition import Condition, ConditionType, Truth
from controller.model.decision import UnitRisk
from controller.model.delivery import Delivery
from controller.model.drift import IgnoredDrift
from controller.model.measurement import GateResult
from controller.model.names import Commit, Digest, SecretName, StageName, UnitName
from controller.model.outcome import Outcome
from controller.model.plan import ResourceChange
from controller.model.provider_places import Places
from controller.model.record import UnitPlan
from controller.model.release import Hold
from controller.model.risk import Risk


@dataclass(frozen=True)
class UnitStatus:
    """One unit: what is wanted of it, what was applied, and what is true of it."""

    name: UnitName
    desired: Commit
    outcome: Outcome | None = None
    conditions: tuple[Condition, ...] = ()
    drift: tuple[ResourceChange, ...] = ()
    """What was last found to differ; empty after it was corrected."""
    drift_looked_at: datetime | None = None
    """When it was last compared with what is there; a look that failed does not count."""
    look_by: datetime | None = None
    """When that is too old; None when nobody wants it looked at."""
    ignored: tuple[IgnoredDrift, ...] = ()
    """What differs, and is let be by a rule in Git."""
    unused_ignores: tuple[str, ...] = ()
    """Rules that let something be, which did not differ at the last look."""
    drift_by: tuple[AuditRecord, ...] = ()
    """Who may have made the drift, as the provider's log tells."""
    failures: int = 0
    """Failures in a row since the last success."""
    risk: Risk | None = None
    """Of the last plan that would change something."""
    made_with: tuple[Places, ...] = ()
    """Where the providers looked when what is there was made: in one place, or in two from when an
    apply elsewhere begins until all of it was seen to end. Empty when it is not known."""
    updated_at: datetime | None = None

    def condition(self, kind: ConditionType) -> Condition | None:
        """Give the condition of a type, if it is there."""
        return next((c for c in self.conditions if c.type == kind), None)

    def is_true(self, kind: ConditionType) -> bool:
        """Tell whether a condition is there and True."""
        found = self.condition(kind)
        return found is not None and found.status == Truth.TRUE

    def is_unknown(self, kind: ConditionType) -> bool:
        """Tell whether a condition is there and Unknown."""
        found = self.condition(kind)
        return found is not None and found.status == Truth.UNKNOWN

    def told(self) -> str:
        """Say how it is; of one that was as wanted, since when work goes on for a newer commit."""
        ready, doing = (
            self.condition(ConditionType.READY),
            self.condition(ConditionType.RECONCILING),
        )
        if ready is None:
            return "was not looked at yet"
        if doing is None or ready.status != Truth.TRUE or self.outcome is None:
            return ready.message
        if self.outcome.commit == self.desired:
            return ready.message
        since = f"{doing.last_transition_time:%Y-%m-%d %H:%M}Z"
        return f"{ready.message} at {self.outcome.commit[:12]}; since {since}: {doing.message}"


@dataclass(frozen=True)
class StageStatus:
    """One stage: the release it is at, its gates, and what it waits for."""

    name: StageName
    commit: Commit | None = None
    release: Digest | None = None
    subject: str = ""
    author: str = ""
    ready: bool = False
    gates: tuple[GateResult, ...] = ()
    verified: Digest | None = None
    """The last release that passed every gate here."""
    verified_commit: Commit | None = None
    waiting_for: str = ""
    """What comes next and who must act; empty when nothing is awaited."""
    candidate: Digest | None = None
    """A release that waits to be let into this stage."""
    candidate_commit: Commit | None = None
    decision: Digest | None = None
    updated_at: datetime | None = None
    blocked_by: tuple[str, ...] = ()
    """Everything that a release waits for, a sentence each; `waiting_for` tells the first."""
    evidence: Digest | None = None
    """What a person who approves the candidate is shown."""
    hold: Hold | None = None
    """Who holds the stage where it is, as the pointer says."""
    edited: str = ""
    """What somebody wrote into the pointer that does not count, or not yet, and the ways out."""
    rejected: Digest | None = None
    """The release that was taken back from here last, as the pointer says."""
    number: int = 0
    """The place of the decision in the row of decisions about the stage."""
    healthy_since: datetime | None = None
    """Since when the release has been verified, without drift or failed units."""
    risk: tuple[UnitRisk, ...] = ()
    """How dangerous the plans were that brought the release here; known once it is verified."""
    plans: tuple[UnitPlan, ...] = ()
    """Those plans in words, and what policy said of them."""
    partial: tuple[str, ...] = ()
    """Where each unit is while some are at the release, some are not, and a person must act."""


@dataclass(frozen=True)
class SecretStatus:
    """One secret: what was delivered, and what it still waits for."""

    name: SecretName
    delivery: Delivery | None = None
    message: str = ""
    ready: bool = False
    updated_at: datetime | None = None


class StepState(StrEnum):
    """How far a step of a run got."""

    STARTED = "started"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class JournalStep:
    """One step of a run as the journal has it; `pid` is of the process that does the work."""

    run: str
    step: str
    state: StepState
    started_at: datetime
    ended_at: datetime | None = None
    detail: str = ""
    pid: int | None = None
    pid_started: float | None = None
    pid_boot: str = ""


@dataclass(frozen=True)
class Run:
    """One attempt at one thing: keyed (subject, revision, attempt)."""

    id: str
    subject: str
    revision: str
    attempt: int
    started_at: datetime
    ended_at: datetime | None = None
    result: str = ""
    """`done`, `waiting`, `failed`, `stalled`, `interrupted`; empty while it runs."""
    steps: tuple[JournalStep, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
