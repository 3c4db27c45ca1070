"""Forecast and measured runs → capacity: how much is enough until when."""

from dataclasses import dataclass
from datetime import date

from controller.model.forecast import Assumption, Band

Stages = tuple[tuple[float, float], ...]
"""Steps of load: requests a second, and for how many seconds."""


@dataclass(frozen=True, slots=True)
class Run:
    """What was measured at one load."""

    concurrency: float
    rate: float


@dataclass(frozen=True, slots=True)
class ScalabilityFit:
    """Gunther's law, as it fits measured runs."""

    alone: float
    """Requests a second of one that waits for nobody: lambda."""
    contention: float
    """Sigma."""
    coherency: float
    """Kappa."""
    most: Band
    """The highest rate, with what it comes to when any one run is left out."""
    at_concurrency: float
    """Where the highest rate, or the longest time allowed, is reached."""
    is_lower_bound: bool = False
    """Whether more is likely: no run came near to saturation."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Until:
    """When a capacity is used up: most likely, at the earliest, at the latest; None: not yet."""

    mid: date | None
    earliest: date | None
    latest: date | None


COUNTED = {"users": "users", "pageViews": "page views", "requests": "requests"}
"""What a series counts, as people say it."""


@dataclass(frozen=True, slots=True)
class Headroom:
    """How far a rate that was served is from today's peak, and when the forecast reaches it."""

    rate: float
    times: float
    """Of today's peak."""
    until: Until
    ends: date | None = None
    """The last day of the forecast."""
    forecast: str = ""
    at_once: float | None = None
    """Users at once at that rate, by Little's law; None: the forecast does not say."""
    counted: float | None = None
    """What the series would count at that rate."""
    metric: str = ""
    every: str = ""
    assumptions: tuple[Assumption, ...] = ()
    """What requests and users follow from each other by."""

    def __str__(self) -> str:
        if self.times < 1:
            return (
                f"was tried at {self.rate:,.4g} requests a second, {self.times:.2f} times today's "
                "peak: that says nothing of the load that is there already"
            )
        much = f"{self.times:.1f} times today's peak ({self.rate:,.4g} requests a second"
        return f"passes up to {much}{self._in_users()}); {self._reached()}"

    def _in_users(self) -> str:
        """Say the rate in users, as far as the forecast counts them."""
        found = ""
        if self.at_once is not None:
            found += f", about {self.at_once:,.0f} users at once"
        if self.counted is not None and self.metric in COUNTED:
            found += f", {self.counted:,.0f} {COUNTED[self.metric]} in its highest {self.every}"
        return found

    @property
    def assumed(self) -> tuple[str, ...]:
        """Say each assumption, with where it comes from."""
        return tuple(
            f"{each.name}: {each.value:g} {each.unit} ({each.source})"
            + (f", {each.why}" if each.why else "")
            for each in self.assumptions
        )

    def _reached(self) -> str:
        until = self.until
        earliest = f"{until.earliest:%B %Y}" if until.earliest else ""
        if until.mid is not None:
            reached = f"{until.mid:%B %Y}"
            sooner = f", at the earliest in {earliest}" if earliest not in {"", reached} else ""
            return f"the forecast reaches that in {reached}{sooner}"
        if earliest:
            return f"the forecast may reach that from {earliest} on"
        ends = f", which ends in {self.ends:%B %Y}," if self.ends else ""
        return f"the forecast{ends} does not reach that"


@dataclass(frozen=True, slots=True)
class ChoiceOutlook:
    """One choice: what it serves, and how long."""

    value: int | str
    price: float
    serves: Band
    """Requests a second, without what is to stay free."""
    until: Until
    is_enough: bool
    is_chosen: bool = False


@dataclass(frozen=True)
class Capacity:
    """What a plan comes to."""

    name: str
    product: str
    stack: str
    environment: str
    input: str
    present: int | str | None
    """What stands in the input now."""
    chosen: int | str | None
    """The cheapest that is enough; None when none is."""
    needed: float
    """Requests a second that must be served in the time that counts."""
    fit: ScalabilityFit
    choices: tuple[ChoiceOutlook, ...]
    notes: tuple[str, ...] = ()

    @property
    def is_change(self) -> bool:
        """Whether something else should stand in the input."""
        return self.chosen is not None and self.chosen != self.present


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change of a document that a plan asks for."""

    capacity: Capacity
    diff: str = ""
    branch: str = ""
    commit: str = ""
