"""All that a decision about one stage rests on."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from controller.model.decision import Approval, UnitRisk
from controller.model.measurement import GateResult
from controller.model.names import Digest, StageName
from controller.model.release import Hold, Release
from schemas.windows import Windows


@dataclass(frozen=True, slots=True)
class Answer:
    """Yes, no or not known (None); and for a no or a not known, of whom."""

    ok: bool | None
    names: tuple[str, ...] = ()


NOT_KNOWN = Answer(ok=None)


@dataclass(frozen=True, slots=True)
class PastProof:
    """That a release was verified in a stage which has gone on to another one since."""

    verified_at: datetime
    soaked: timedelta
    """How long it was healthy there, without a break, before the stage went on."""


@dataclass(frozen=True)
class EarlierStage:
    """A stage in which a release must be verified first, and what is known of it there."""

    stage: StageName
    release: Digest | None
    """The release that this stage is at."""
    ready: Answer = NOT_KNOWN
    """Every unit is Ready at that release; `names` are the units that are not."""
    in_sync: Answer = NOT_KNOWN
    """No unit has drifted; `names` are the units that have."""
    secrets: Answer = NOT_KNOWN
    """Every secret was delivered; `names` are the secrets that were not."""
    gates_required: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    """Gates of which one must say yes."""
    gates: tuple[GateResult, ...] = ()
    """Results of any release; of one gate and release the last one counts."""
    healthy_since: datetime | None = None
    """Since when the release has been verified and healthy here, without a break."""
    past: PastProof | None = None
    """What was proved of the candidate here before the stage went on to a newer release."""
    risk: tuple[UnitRisk, ...] = ()
    """How dangerous the plans were by which the candidate came here."""


@dataclass(frozen=True, slots=True)
class WindowException:
    """Somebody's word that a release may come at a time when none may."""

    name: str
    owner: str
    reason: str
    expires: str


@dataclass(frozen=True, slots=True)
class Ask:
    """Somebody's wish for exactly this release."""

    by: str
    at: datetime


@dataclass(frozen=True)
class Question:
    """All that a decision about one stage rests on."""

    stage: StageName
    candidate: Release
    """The newest release that could come here; the one that is here when there is no newer."""
    previous: str = ""
    """The commit that the stage is at; empty when there is none."""
    current: Digest | None = None
    """The release that the stage is at."""
    after: tuple[EarlierStage, ...] = ()
    gates_required: tuple[str, ...] = ()
    """Gates of this stage itself: a fail of the release that is here takes it back."""
    one_of: tuple[str, ...] = ()
    """Gates of this stage of which one must say yes: a fail of all takes the release back."""
    gates: tuple[GateResult, ...] = ()
    verified: Release | None = None
    """The last release that passed every gate here."""
    rejected: Digest | None = None
    """The candidate, when it was taken back from here: it does not come again by itself."""
    rejected_by: str = ""
    """Who took it back; empty when a gate did."""
    rejected_at: datetime | None = None
    approvals_required: int = 0
    approvals: tuple[Approval, ...] = ()
    groups: tuple[str, ...] = ()
    """Groups whose members' words count; without any, everybody's."""
    approvals_expire: timedelta | None = None
    authors: tuple[str, ...] = ()
    """Who made the commits that the release brings here, besides its own author."""
    asked: Ask | None = None
    suspended: bool | None = None
    """The environment is suspended: nothing is done there."""
    held: str | None = None
    """Why this stage is not moved by itself; None when it is."""
    hold: Hold | None = None
    """Somebody's word that the stage stays where it is."""
    edited: str = ""
    """What somebody wrote into the pointer that does not count, and the ways out."""
    taken_over: str = ""
    """What somebody wrote into the pointer that is asked for, by whom; empty without an edit."""
    soak: timedelta = timedelta(0)
    windows: tuple[Windows, ...] = ()
    exceptions: tuple[WindowException, ...] = ()
    """Those that are for this stage and release, and have not expired."""
    warnings_allowed: bool = True
    """Whether a gate that warns lets a release through."""
