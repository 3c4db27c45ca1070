"""Series → forecast: what is asked of models, what they answered, what was chosen and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from controller.model.names import Digest

SEASONAL_NAIVE = "seasonal-naive"
"""The rule that nothing chosen may be worse than: as it was one season ago."""


@dataclass(frozen=True, slots=True)
class Question:
    """A history, and how far to look ahead."""

    values: tuple[float, ...]
    seasons: tuple[int, ...]
    """The lengths of the seasons to reckon with, the shortest first."""
    horizon: int
    year: int = 0
    """The length of a year in whole weeks, where days are counted."""
    is_log: bool = False
    """Whether models see the logarithm of one plus each number."""


@dataclass(frozen=True)
class Answers:
    """What models say to questions: one mapping a question, from model to its numbers."""

    given: tuple[Mapping[str, tuple[float, ...]], ...] = ()
    versions: tuple[tuple[str, str], ...] = ()
    problem: str = ""
    """Why there are none, or not all."""


@dataclass(frozen=True, slots=True)
class Score:
    """How one candidate did in the back-test."""

    candidate: str
    mase: float
    """Mean error, in units of the mean change from one season to the next in the history."""
    rmase: float
    """Mean error beside that of the seasonal naive at the same points; below 1 is better."""
    peaks: float = 1.0
    """The same at the highest number of each day, which is what must be served."""
    is_chosen: bool = False


@dataclass(frozen=True, slots=True)
class Backtest:
    """What was tried on the past: each fold forecasts what the next one then saw."""

    folds: int
    horizon: int
    scores: tuple[Score, ...] = ()
    coverage: float | None = None
    """Share of daily peaks of the folds that lay within the upper bound of the other folds."""
    oversizing: float | None = None
    """The upper bound's peaks, added up, beside the true ones."""


@dataclass(frozen=True, slots=True)
class Assumption:
    """A number that the result rests on, and where it comes from."""

    name: str
    value: float
    unit: str
    source: str
    """`document`, `default`, `data`."""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Band:
    """A number with its bounds."""

    low: float
    mid: float
    high: float

    def times(self, factor: float) -> "Band":
        """Give the band with each number multiplied."""
        return Band(self.low * factor, self.mid * factor, self.high * factor)


@dataclass(frozen=True, slots=True)
class DayForecast:
    """One day (or longer step) to come: its highest number, and what that means in requests."""

    day: date
    peak: Band
    """The highest number of the series within the day."""
    rate: Band
    """Requests a second at the peak."""
    concurrency: Band
    """Users, or requests, under way at the peak."""
    factor: float = 1.0
    """What growth plan and events multiply by."""


@dataclass(frozen=True, slots=True)
class Happening:
    """An event that people announced."""

    day: date
    days: int
    factor: float
    reason: str


@dataclass(frozen=True)
class Forecast:
    """All that is known of what is to come, with what it rests on."""

    name: str
    product: str
    metric: str
    every: str
    zone: str
    history: tuple[tuple[date, float], ...]
    """The highest number of each day; the oldest first."""
    days: tuple[DayForecast, ...]
    chosen: str
    backtest: Backtest
    assumptions: tuple[Assumption, ...]
    today: Band
    """Requests a second at the highest peak of the last four weeks."""
    happenings: tuple[Happening, ...] = ()
    notes: tuple[str, ...] = ()
    """What a reader has to know: what fell back, what is short, what was filled."""
    versions: tuple[tuple[str, str], ...] = ()
    source: Digest | None = None
    """Of the numbers that went in."""


@dataclass(frozen=True, slots=True)
class ForecastStatus:
    """What is known of a forecast: the last one that was made, and why there is no newer one."""

    product: str
    name: str
    made_from: str = ""
    """Changes with the document and with the file of numbers."""
    evidence: Digest | None = None
    """The stored forecast."""
    made_at: datetime | None = None
    problem: str = ""
    hint: str = ""
