"""What people and programs are shown: plain values, one for each thing, safe to turn into JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from controller.model.condition import Condition
from controller.model.measurement import GateResult
from controller.model.plan import ResourceChange


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
class Overview:
    """All on one page: products × environments."""

    revision: str
    fetched_at: str
    """When the repository was last reached; its age tells whether it still answers."""
    products: tuple[ProductView, ...]
    findings: int
    version: str


def measured(measure: str, number: float | None) -> str:
    """Write a measured number with its unit, as `p95 of all requests` and its like have it."""
    match number, measure.partition(" ")[0]:
        case None, _:
            return "not known"
        case _, "errorRate":
            return f"{number * 100:.3g} %"
        case _, "throughput":
            return f"{number:.1f}/s"
    return f"{number:.1f} ms" if number < 100 else f"{number:.0f} ms"  # noqa: PLR2004 - for the eye
