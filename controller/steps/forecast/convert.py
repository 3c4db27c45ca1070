"""A number of users, page views or requests → requests a second at the peak, and users at once."""

from collections.abc import Iterator
from dataclasses import dataclass

from controller.model.forecast import Assumption
from controller.model.series import HOURS_A_DAY, Every
from schemas.kinds.forecast import ForecastSpec

SECONDS_AN_HOUR = 3600.0
DAYS_IN = {Every.WEEK: 7.0, Every.MONTH: 30.4375, Every.QUARTER: 91.3125, Every.YEAR: 365.25}


@dataclass(frozen=True)
class Conversion:
    """What one number of the series means, with every assumption that says so."""

    rate: float
    """Requests a second at the peak, for each one that is counted."""
    concurrency: float
    """Users at once at the peak, for each one that is counted."""
    assumptions: tuple[Assumption, ...]


def conversion(spec: ForecastSpec, every: Every) -> Conversion:
    """Give the factors of a forecast.

    Users at once follow from Little's law: pages a second times the seconds a page keeps a user.
    """
    given = spec.conversion
    pages, requests = _counted(spec)
    a_second = _peak_second(spec, every)
    stays = given.think_time.total_seconds() + given.response_time.total_seconds()
    return Conversion(
        rate=requests * (1 - given.cache_hit) * a_second,
        concurrency=pages * a_second * stays,
        assumptions=tuple(_assumptions(spec, every)),
    )


def _counted(spec: ForecastSpec) -> tuple[float, float]:
    """Give how many pages and requests one that is counted stands for."""
    given = spec.conversion
    a_page = given.requests_per_page
    match spec.metric:
        case "users":
            pages = given.sessions_per_user * given.pages_per_session
            return pages, pages * a_page
        case "pageViews":
            return 1.0, a_page
        case "requests" | "requestRate":
            return 1.0 / a_page, 1.0


def _peak_second(spec: ForecastSpec, every: Every) -> float:
    """Give the share of one step's number that its busiest second has."""
    given = spec.conversion
    is_rate = spec.metric == "requestRate"
    if every is Every.HOUR:
        return given.peak_to_mean / (1 if is_rate else SECONDS_AN_HOUR)
    in_busiest_hour = given.peak_hour_share * given.peak_to_mean
    if is_rate:
        return in_busiest_hour * HOURS_A_DAY
    return in_busiest_hour / SECONDS_AN_HOUR / DAYS_IN.get(every, 1.0)


_WHY = {
    "sessions_per_user": ("sessionsPerUser", "visits a day", {"users"}),
    "pages_per_session": ("pagesPerSession", "pages a visit", {"users"}),
    "requests_per_page": (
        "requestsPerPage", "requests a page", {"users", "pageViews", "requests", "requestRate"},
    ),
    "cache_hit": (
        "cacheHit", "share", {"users", "pageViews", "requests", "requestRate"},
    ),
    "peak_to_mean": (
        "peakToMean", "times", {"users", "pageViews", "requests", "requestRate"},
    ),
}  # fmt: skip


def _assumptions(spec: ForecastSpec, every: Every) -> Iterator[Assumption]:
    given = spec.conversion
    said = given.model_fields_set

    def source(field: str) -> str:
        return "document" if field in said else "default"

    for field, (name, unit, metrics) in _WHY.items():
        if spec.metric in metrics:
            yield Assumption(name, float(getattr(given, field)), unit, source(field))
    for field, name in (("think_time", "thinkTime"), ("response_time", "responseTime")):
        seconds = getattr(given, field).total_seconds()
        yield Assumption(name, seconds, "s", source(field), "for users at once")
    if every is Every.HOUR:
        why = "the series is hourly: its own highest hour of each day counts"
        yield Assumption("peakHourShare", 0.0, "share", "data", why)
    else:
        yield Assumption(
            "peakHourShare", given.peak_hour_share, "share", source("peak_hour_share"),
        )  # fmt: skip
    if every in DAYS_IN:
        why = f"a {every} is taken to be made of equal days"
        yield Assumption("daysInStep", DAYS_IN[every], "days", "default", why)
