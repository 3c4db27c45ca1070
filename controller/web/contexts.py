"""What each template is given, one value for each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from controller.model import move_view, view
from controller.model.caller import Role
from controller.model.capacity import Capacity
from controller.model.forecast import DayForecast, Forecast, Score
from controller.model.issuance import RequestView
from controller.outlook import ForecastView
from controller.web.sessions import Session


@dataclass(frozen=True)
class Frame:
    """What every page has around it."""

    title: str
    path: str
    """Where the visitor is; forms and the sign-in lead back to it."""
    now: datetime
    session: Session | None
    version: str = ""
    """Told to those who have signed in only."""
    notices: tuple[str, ...] = ()
    refresh: int = 0
    """Seconds after which the page comes again; 0 for never."""

    @property
    def caller(self) -> str:
        """Who looks; empty for somebody who has not signed in."""
        return self.session.caller.name if self.session else ""

    @property
    def form_key(self) -> str:
        """What forms carry to prove that this page made them."""
        return self.session.form_key if self.session else ""

    def may(self, role: str) -> bool:
        """Tell whether the visitor's role includes another."""
        return self.session is not None and self.session.caller.role.includes(Role(role))


@dataclass(frozen=True)
class OverviewPage:
    """`overview.html`."""

    frame: Frame
    revision: str
    fetched_at: datetime | None
    """When the repository was last reached."""
    is_stale: bool
    """It was not reached for so long that it should be looked at."""
    products: tuple[view.ProductView, ...]
    findings: Sequence[view.FindingView]
    """The first few."""
    findings_total: int
    events: Sequence[view.EventView]
    """The newest first."""
    disk: str = ""
    """What uses the disk, as of the last clean-up; empty before the first."""


@dataclass(frozen=True)
class StagePage:
    """`stage.html`."""

    frame: Frame
    stage: view.StageView
    units: Sequence[view.UnitView]
    secrets: Sequence[view.SecretView]
    releases: Sequence[view.ReleaseView]
    events: Sequence[view.EventView]


@dataclass(frozen=True)
class HistoryPage:
    """`history.html`."""

    frame: Frame
    stage: str
    moves: Sequence[move_view.MoveView]
    """The newest first."""
    total: int


@dataclass(frozen=True)
class GateShown:
    """A gate of a decision record."""

    gate: str
    release: str
    ruling: str
    reasons: tuple[str, ...]
    objectives: tuple["ObjectiveShown", ...]
    evidence: str


@dataclass(frozen=True)
class ObjectiveShown:
    """An objective of a gate of a decision record."""

    measure: str
    wanted: str
    measured: float | None
    ruling: str


@dataclass(frozen=True)
class ItemShown:
    """A piece of evidence: what was asked and whether it said yes."""

    check: str
    answer: str
    """`ok`, `not ok` or `unknown`."""
    detail: str
    evidence: str
    """A digest, or a text."""


@dataclass(frozen=True)
class ApprovalShown:
    """Somebody's word."""

    by: str
    at: datetime | None
    reason: str


@dataclass(frozen=True)
class TopicShown:
    """What the evidence says of one thing that is always asked about."""

    topic: str
    answer: str
    said: tuple[str, ...]


@dataclass(frozen=True)
class DecisionPage:
    """`decision.html`."""

    frame: Frame
    digest: str
    kind: str
    stage: str
    because: str
    decided_at: datetime | None
    previous: str
    commit: str
    subject: str
    author: str
    items: tuple[ItemShown, ...]
    gates: tuple[GateShown, ...]
    approvals: tuple[ApprovalShown, ...]
    topics: tuple[TopicShown, ...] = ()
    notes: tuple[str, ...] = ()
    """The commits that it brings, a line each."""
    standing: str = ""
    """What a check of the record says."""
    failed: tuple[str, ...] = ()
    """What that check found wrong."""


@dataclass(frozen=True)
class EventsPage:
    """`events.html`."""

    frame: Frame
    events: Sequence[view.EventView]
    """The newest first."""
    subject: str
    older: int | None
    """The number to begin after to see what was before; None when nothing was."""
    is_latest: bool


@dataclass(frozen=True)
class FindingsPage:
    """`findings.html`."""

    frame: Frame
    findings: Sequence[view.FindingView]


@dataclass(frozen=True)
class SecretsPage:
    """`secrets.html`."""

    frame: Frame
    secrets: Sequence[view.SecretView]


@dataclass(frozen=True)
class RequestsPage:
    """`requests.html`."""

    frame: Frame
    requests: Sequence[RequestView]


@dataclass(frozen=True)
class RequestPage:
    """`request.html`."""

    frame: Frame
    request: RequestView
    events: Sequence[view.EventView]
    """The newest first."""
    is_mine: bool
    """Whether it is the visitor's own."""


@dataclass(frozen=True)
class ForecastsPage:
    """`forecasts.html`."""

    frame: Frame
    forecasts: Sequence[ForecastView]


@dataclass(frozen=True)
class ForecastPage:
    """`forecast.html`."""

    frame: Frame
    status: ForecastView
    made: Forecast | None
    months: Sequence[DayForecast]
    """The highest day of each."""
    candidates: Sequence[Score]
    capacities: Sequence[Capacity]


@dataclass(frozen=True)
class LoginPage:
    """`login.html`."""

    frame: Frame
    next: str
    """Where to go then."""
    problem: str


@dataclass(frozen=True)
class ErrorPage:
    """`error.html`."""

    frame: Frame
    status: int
    message: str
    hint: str
    back: str
    """The page that the visitor came from."""
