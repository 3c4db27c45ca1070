"""What people and programs are shown: plain values, one for each thing, safe to turn into JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from controller.model.audit import AuditRecord
from controller.model.condition import Condition, ConditionType, Truth
from controller.model.drift import IgnoredDrift
from controller.model.inventory import StockItem
from controller.model.measurement import GateResult
from controller.model.plan import ResourceChange
from controller.model.status import SecretStatus, StageStatus, UnitStatus


@dataclass(frozen=True)
class UnitView:
    """A unit as `get units` shows it."""

    name: str
    product: str
    environment: str
    stack: str
    ready: str
    """`True`, `False` or `Unknown`."""
    reason: str
    message: str
    revision: str
    """The commit that was applied last; empty before that."""
    wanted_revision: str
    in_sync: str
    drift: tuple[str, ...]
    """What differs, one line for each resource."""
    drift_looked_at: datetime | None
    engine: str
    suspended: bool
    conditions: tuple[Condition, ...] = ()
    outputs: Mapping[str, object] = field(default_factory=dict)
    updated_at: datetime | None = None
    drift_changes: tuple[ResourceChange, ...] = ()
    """What differs, attribute by attribute: before is what was applied, after what is there."""
    plan_waiting: str = ""
    """What an approval of the plan that waits is bound to; empty when none waits."""
    drift_age: float | None = None
    """Seconds since it was last compared with what is there; None: it never was."""
    look_by: datetime | None = None
    """When the last look is too old; None when nobody wants it looked at."""
    drift_ignored: tuple[IgnoredDrift, ...] = ()
    """What differs and is let be by a rule in Git."""
    drift_unused: tuple[str, ...] = ()
    """Rules that let something be, which did not differ at the last look."""
    drift_by: tuple[AuditRecord, ...] = ()
    """Who may have made the drift, as the provider's log tells."""
    suspended_because: str = ""
    risk: str = ""
    """The risk of the last plan that would change something, as `65 (high)`."""
    risk_reasons: tuple[str, ...] = ()
    """What it comes from, the heaviest first."""
    hint: str = ""
    """How to go on while it is not ready; empty when nobody has to do anything."""


@dataclass(frozen=True)
class StageView:
    """A product in an environment, as the page and `get stages` show it."""

    name: str
    product: str
    environment: str
    commit: str
    release: str
    subject: str
    author: str
    health: str
    """`healthy`, `progressing`, `degraded`, `suspended` or `unknown`."""
    units_ready: int
    units_total: int
    drift: tuple[str, ...]
    gates: tuple[GateResult, ...]
    verified: bool
    waiting_for: str
    candidate: str
    """The commit that waits to be let in; empty when there is none."""
    approval_wanted: bool
    decision: str
    suspended: bool
    updated_at: datetime | None = None
    blocked_by: tuple[str, ...] = ()
    """Everything that the candidate waits for, a sentence each."""
    evidence: str = ""
    """What an approval given now is bound to."""
    held_by: str = ""
    held_because: str = ""
    held_until: datetime | None = None
    rejected: str = ""
    """The release that was taken back last."""
    healthy_since: datetime | None = None
    hand_edited: str = ""
    """What somebody wrote into the pointer that does not count, and the ways out."""
    partial: tuple[str, ...] = ()
    """Where each unit is, while a promotion stopped half way and a person must choose."""


@dataclass(frozen=True)
class ReaderView:
    """Who reads a secret: a unit from its file, a copy, or a consumer of its document."""

    name: str
    how: str
    generation: int
    """Of what lies there; 0 when it is not known to be this secret's."""


@dataclass(frozen=True)
class SightingView:
    """A place where a secret lies and is not delivered to."""

    place: str
    """`git`, `state` or `file`."""
    where: str


@dataclass(frozen=True)
class SecretView:
    """A secret as `get secrets` shows it; never its value."""

    name: str
    product: str
    environment: str
    ready: bool
    message: str
    path: str
    version: int
    generation: int
    phase: str
    target: str
    next_step: datetime | None
    updated_at: datetime | None = None
    store: str = ""
    changed_at: datetime | None = None
    """When its value was made."""
    age: float | None = None
    """Seconds since then."""
    copies: tuple[str, ...] = ()
    looked_at: datetime | None = None
    """When what follows was found out; None: not yet in this life of the controller."""
    unknown: str = ""
    """Why it could not be found out."""
    wanted: bool = True
    """Whether a document says that it is to be there."""
    owner: str = ""
    kind: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    readers: tuple[ReaderView, ...] = ()
    sightings: tuple[SightingView, ...] = ()
    findings: tuple[str, ...] = ()
    """Codes of what somebody should look at."""


@dataclass(frozen=True)
class ReleaseView:
    """A release and the stages that are at it."""

    product: str
    commit: str
    release: str
    subject: str
    author: str
    committed_at: datetime | None
    stages: tuple[str, ...]


@dataclass(frozen=True)
class FindingView:
    """Something that somebody should look at."""

    scope: str
    code: str
    severity: str
    place: str
    """`path:line:column`, empty when it has none."""
    message: str
    expected: str
    hint: str


@dataclass(frozen=True)
class EventView:
    """An event of the log."""

    number: int
    at: datetime
    type: str
    reason: str
    subject: str
    message: str
    revision: str


@dataclass(frozen=True)
class QueueView:
    """Something that is worked on, due or planned."""

    key: str
    """`<lane>:<subject>`."""
    due: datetime
    working_since: datetime | None


@dataclass(frozen=True)
class ProductView:
    """A product with its stages, in the order of its pipeline."""

    product: str
    title: str
    owner: str
    stages: tuple[StageView, ...]


@dataclass(frozen=True)
class AdoptionView:
    """Drift as an edit of the repository, proved by a plan."""

    unit: str
    drift: tuple[str, ...]
    """What is adopted, one line for each attribute."""
    diff: str
    proved: str
    """What a plan of the edited repository was found to change, in words."""
    left: tuple[str, ...]
    """What stays as drift."""
    branch: str
    """Empty when nothing was pushed."""
    commit: str


@dataclass(frozen=True)
class Overview:
    """All on one page: products and environments."""

    revision: str
    fetched_at: str
    """When the repository was last reached; its age tells whether it still answers."""
    products: tuple[ProductView, ...]
    findings: int
    version: str


def measured(measure: str, number: float | None) -> str:
    """Write a measured number with its unit, as `p95 of all requests` and its like have it."""
    if number is None:
        return "not known"
    kind = measure.partition(" ")[0]
    if kind == "errorRate":
        return f"{number * 100:.3g} %"
    if kind == "throughput":
        return f"{number:.1f}/s"
    return f"{number:.1f} ms" if number < 100 else f"{number:.0f} ms"  # noqa: PLR2004 - for the eye


def unit_view(
    status: UnitStatus, *, suspended: bool = False, now: datetime | None = None
) -> UnitView:
    """Show a unit."""
    ready = status.condition(ConditionType.READY)
    in_sync = status.condition(ConditionType.IN_SYNC)
    outcome, looked_at = status.outcome, status.drift_looked_at
    return UnitView(
        name=str(status.name),
        product=status.name.product,
        environment=status.name.environment,
        stack=status.name.stack,
        ready=str(ready.status if ready else Truth.UNKNOWN),
        reason=ready.reason if ready else "Pending",
        message=status.told(),
        revision=outcome.commit if outcome else "",
        wanted_revision=status.desired,
        in_sync=str(in_sync.status if in_sync else Truth.UNKNOWN),
        drift=tuple(_drift_line(change) for change in status.drift),
        drift_changes=status.drift,
        drift_looked_at=status.drift_looked_at,
        engine=outcome.engine if outcome else "",
        suspended=suspended,
        conditions=status.conditions,
        outputs=dict(outcome.outputs) if outcome else {},
        updated_at=status.updated_at,
        drift_age=(now - looked_at).total_seconds() if now and looked_at else None,
        look_by=status.look_by,
        drift_ignored=status.ignored,
        drift_unused=status.unused_ignores,
        drift_by=status.drift_by,
        risk=str(status.risk) if status.risk else "",
        risk_reasons=tuple(str(reason) for reason in status.risk.top()) if status.risk else (),
        hint=ready.hint if ready else "",
    )


def _drift_line(change: ResourceChange) -> str:
    attributes = ", ".join(map(str, change.attributes))
    word = change.drift or change.action
    return f"{word} {change.address}" + (f" ({attributes})" if attributes else "")


def stage_view(
    status: StageStatus, units: Sequence[UnitStatus], *, suspended: bool = False
) -> StageView:
    """Show a stage with the health of its units."""
    ready = sum(unit.is_true(ConditionType.READY) for unit in units)
    stalled = any(unit.is_true(ConditionType.STALLED) for unit in units)
    drift = tuple(
        f"{unit.name.stack}: {_drift_line(change)}" for unit in units for change in unit.drift
    )
    if suspended:
        health = "suspended"
    elif status.partial:
        health = "degraded"
    elif not units:
        health = "unknown"
    elif stalled or drift:
        health = "degraded"
    else:
        health = "healthy" if ready == len(units) and status.ready else "progressing"
    return StageView(
        name=str(status.name),
        product=status.name.product,
        environment=status.name.environment,
        commit=status.commit or "",
        release=status.release or "",
        subject=status.subject,
        author=status.author,
        health=health,
        units_ready=ready,
        units_total=len(units),
        drift=drift,
        gates=status.gates,
        verified=status.verified is not None and status.verified == status.release,
        waiting_for=status.waiting_for,
        candidate=status.candidate_commit or "",
        approval_wanted=status.candidate is not None and _wants_approval(status),
        decision=status.decision or "",
        suspended=suspended,
        updated_at=status.updated_at,
        blocked_by=status.blocked_by,
        evidence=status.evidence or "",
        held_by=status.hold.by if status.hold else "",
        held_because=status.hold.reason if status.hold else "",
        held_until=status.hold.until if status.hold else None,
        rejected=status.rejected or "",
        healthy_since=status.healthy_since,
        hand_edited=status.edited,
        partial=status.partial,
    )


def _wants_approval(status: StageStatus) -> bool:
    return any("approval" in said for said in (status.waiting_for, *status.blocked_by))


def secret_view(status: SecretStatus, item: StockItem | None, now: datetime) -> SecretView:
    """Show a secret without its value; `item` is what was found at the last look."""
    delivery = status.delivery
    changed_at = delivery.changed_at if delivery else None
    shown = SecretView(
        name=str(status.name),
        product=status.name.product,
        environment=status.name.environment,
        ready=status.ready,
        message=status.message,
        path=delivery.reference.path if delivery else "",
        version=delivery.version if delivery else 0,
        generation=delivery.generation if delivery else 0,
        phase=str(delivery.phase) if delivery else "",
        target=delivery.target if delivery else "",
        next_step=delivery.come_again if delivery else None,
        updated_at=status.updated_at,
        store=delivery.reference.store if delivery else "",
        changed_at=changed_at,
        age=(now - changed_at).total_seconds() if changed_at else None,
        copies=delivery.copies if delivery else (),
    )
    if item is None:
        return shown
    return replace(
        shown,
        looked_at=item.looked_at,
        unknown=item.unknown,
        wanted=item.is_wanted,
        owner=item.owner,
        kind=item.kind,
        labels=dict(item.labels),
        readers=tuple(ReaderView(r.name, r.how, r.generation) for r in item.readers),
        sightings=tuple(SightingView(str(s.place), s.where) for s in item.sightings),
        findings=tuple(found.code for found in item.findings),
    )
