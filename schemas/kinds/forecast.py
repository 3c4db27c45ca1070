"""Forecast: what load is to come, from a series of numbers and from what people plan."""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, model_validator

from schemas.document import Document, Part, ProductMetadata, only_one_of
from schemas.names import Name, TreePath, json_text
from schemas.references import SecretField, refuse_at
from schemas.values import Day, Interval, Many

MonthText = Annotated[
    str,
    AfterValidator(lambda text: _checked(_MONTH, text, _MONTH_WORDS)),
    json_text(r"^[0-9]{4}-(?:0[1-9]|1[0-2])$", 'a month such as `"2027-04"`'),
]
"""A month: `2027-04`."""
_MONTH = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])")
_MONTH_WORDS = 'a month such as `"2027-04"`'
_CHANGE = re.compile(r"[+-][0-9]{1,4}(?:\.[0-9]{1,3})?%")
_CHANGE_WORDS = 'a change such as `"+40%"` or `"-10%"`'
_LEAST_CHANGE = -100.0
_SELECT = re.compile(r"\s*(?:select|with)\b", re.IGNORECASE)


def _checked(pattern: re.Pattern[str], text: str, words: str) -> str:
    if pattern.fullmatch(text) is None:
        raise ValueError(words)
    return text


def _check_change(text: str) -> str:
    _checked(_CHANGE, text, _CHANGE_WORDS)
    if float(text[:-1]) <= _LEAST_CHANGE:
        raise ValueError("a change that leaves something: more than `-100%`")
    return text


Change = Annotated[
    str, AfterValidator(_check_change), json_text(f"^{_CHANGE.pattern}$", _CHANGE_WORDS)
]
"""A change in percent: `+40%`."""


def _check_zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ValueError, OSError, KeyError):
        raise ValueError("a time zone such as `UTC` or `Europe/Paris`") from None
    return text


Zone = Annotated[str, AfterValidator(_check_zone)]
"""A time zone by its name."""


def _check_address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
        raise ValueError("an address such as `https://prometheus.example.com`, without a login")
    return text


def _check_query(text: str) -> str:
    if not _SELECT.match(text) or ";" in text.rstrip().rstrip(";"):
        raise ValueError("one `SELECT` that gives a time and a number in each row")
    return text


class CsvSource(Part):
    """Numbers from a file of the repository, with one line for its columns."""

    file: TreePath = Field(
        description="The file, from the top of the repository. Fields are parted by `,`, `;` or a "
        "tab.",
        examples=["products/shop/page-views.csv"],
    )
    time: str = Field(
        default="date",
        description="The column of the time: `2026-01-31`, or with an hour, `2026-01-31T13:00Z`.",
        examples=["day"],
    )
    value: str = Field(
        default="value",
        description="The column of the number, in what `metric` says.",
        examples=["views"],
    )
    zone: Zone = Field(
        default="UTC",
        description="The time zone of times that name none; what is learned of days and hours is "
        "learned in it.",
        examples=["Europe/Paris"],
    )


class PrometheusSource(Part):
    """Numbers from a range query."""

    address: Annotated[str, AfterValidator(_check_address)] = Field(
        description="Where Prometheus answers. Its host must be allowed in the settings, but for "
        "this machine.",
        examples=["http://127.0.0.1:9090"],
    )
    query: str = Field(
        description="A query in PromQL that gives one series.",
        examples=['sum(increase(http_requests_total{service="shop"}[1h]))'],
    )
    step: Literal["1h", "1d"] = Field(
        default="1h", description="How far two numbers lie apart: a duration.", examples=["1h"]
    )
    window: Interval = Field(
        default=timedelta(days=90),
        description="How far to look back: a duration.",
        examples=["60d"],
    )
    zone: Zone = Field(
        default="UTC", description="The time zone whose days count.", examples=["Europe/Paris"]
    )


class DatabaseSource(Part):
    """Numbers from a read-only query of a PostgreSQL database."""

    login: SecretField = Field(
        description="The secret that holds the address with the login: "
        "`postgresql://user:password@host/name`.",
        examples=[{"secret": "shop-reports-login"}],
    )
    environment: Name = Field(
        description="The environment whose secret and database it is.", examples=["production"]
    )
    query: Annotated[str, AfterValidator(_check_query)] = Field(
        description="A `SELECT` that gives a time and a number in each row. It runs in a "
        "transaction that can only read, for at most 30 seconds.",
        examples=["SELECT day, views FROM page_views"],
    )
    zone: Zone = Field(
        default="UTC", description="The time zone whose days count.", examples=["Europe/Paris"]
    )


class Source(Part, json_schema_extra=only_one_of("csv", "prometheus", "database")):
    """Where the numbers come from: exactly one of these."""

    csv: CsvSource | None = Field(
        default=None,
        description="A file of the repository.",
        examples=[{"file": "products/shop/page-views.csv"}],
    )
    prometheus: PrometheusSource | None = Field(
        default=None,
        description="A query of Prometheus.",
        examples=[{"address": "http://127.0.0.1:9090", "query": "sum(increase(views_total[1h]))"}],
    )
    database: DatabaseSource | None = Field(
        default=None,
        description="A query of a PostgreSQL database.",
        examples=[
            {
                "login": {"secret": "shop-reports-login"},
                "environment": "production",
                "query": "SELECT day, views FROM page_views",
            }
        ],
    )

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        given = [each for each in (self.csv, self.prometheus, self.database) if each]
        if len(given) != 1:
            refuse_at((), "exactly one of `csv`, `prometheus` and `database`")
        return self


class Event(Part):
    """Something that people know of and numbers do not."""

    date: Day = Field(description="The first day.", examples=["2026-11-27"])
    days: int = Field(default=1, ge=1, le=366, description="How many days.", examples=[4])
    factor: float = Field(
        gt=0,
        le=1000,
        description="How much more there will be: a factor, `2.5` for two and a half times.",
        examples=[2.5],
    )
    reason: str = Field(description="What it is, in a few words.", examples=["Black Friday"])


class Conversion(Part):
    """From what is counted to requests a second; what is not given is assumed, and said."""

    sessions_per_user: float = Field(
        default=1.0, gt=0, le=1000, description="Visits of one user in a day.", examples=[1.2]
    )
    pages_per_session: float = Field(
        default=5.0, gt=0, le=10_000, description="Pages that one visit looks at.", examples=[6.2]
    )
    requests_per_page: float = Field(
        default=10.0, gt=0, le=10_000, description="Requests that one page makes.", examples=[11]
    )
    cache_hit: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Share of the requests that a cache in front answers: 0 to 1.",
        examples=[0.72],
    )
    think_time: Interval = Field(
        default=timedelta(seconds=15),
        description="How long a user looks at a page before the next: a duration.",
        examples=["18s"],
    )
    response_time: Interval = Field(
        default=timedelta(milliseconds=300),
        description="How long a page takes: a duration.",
        examples=["250ms"],
    )
    peak_hour_share: float = Field(
        default=0.1,
        ge=1 / 24,
        le=1,
        description="Share of a day that its busiest hour has: 0 to 1. Not needed when "
        "the series is hourly.",
        examples=[0.09],
    )
    peak_to_mean: float = Field(
        default=1.5,
        ge=1,
        le=100,
        description="How much higher the busiest minute is than the mean of its hour: a factor.",
        examples=[1.8],
    )


class BacktestRule(Part):
    """How candidates are tried on the past."""

    folds: int = Field(
        default=8, ge=2, le=52, description="How many places in the past are tried.", examples=[8]
    )
    horizon: Interval | None = Field(
        default=None,
        description="How far each looks ahead: a duration. Without it four weeks, or less when the "
        "series is short.",
        examples=["28d"],
    )


class ForecastSpec(Part):
    """What is counted, how far to look ahead, and what people know beyond the numbers."""

    metric: Literal["users", "pageViews", "requests", "requestRate"] = Field(
        description="What the numbers count: users, page views or requests in each hour or day, or "
        "requests a second.",
        examples=["pageViews"],
    )
    source: Source = Field(
        description="Where the numbers come from.",
        examples=[{"csv": {"file": "products/shop/page-views.csv"}}],
    )
    horizon: Interval = Field(
        default=timedelta(days=180),
        le=timedelta(days=1100),
        description="How far to look ahead: a duration.",
        examples=["180d"],
    )
    growth: Mapping[MonthText, Change] = Field(
        default_factory=dict,
        description="What people plan beyond what the numbers say: from this month on, so much "
        "more. Several multiply.",
        examples=[{"2027-04": "+40%"}],
    )
    events: Many[Event] = Field(
        default=(),
        description="Days that are not as others: those of the past are taken out of the numbers, "
        "those to come are put in.",
        examples=[[{"date": "2026-11-27", "factor": 2.5, "reason": "Black Friday"}]],
    )
    conversion: Conversion = Field(
        default_factory=Conversion,
        description="From what is counted to requests a second.",
        examples=[{"pagesPerSession": 6.2, "requestsPerPage": 11, "cacheHit": 0.72}],
    )
    coverage: float = Field(
        default=0.95,
        ge=0.5,
        le=0.99,
        description="Share of the daily peaks that are to lie within the upper bound: 0 to 1.",
        examples=[0.95],
    )
    backtest: BacktestRule = Field(
        default_factory=BacktestRule,
        description="How candidates are tried on the past.",
        examples=[{"folds": 8, "horizon": "28d"}],
    )

    def growth_on(self, day: date) -> float:
        """Give what the growth plan multiplies a day by."""
        factor = 1.0
        for month, change in self.growth.items():
            if f"{day:%Y-%m}" >= month:
                factor *= 1 + float(change[:-1]) / 100
        return factor


class Forecast(Document):
    """What load is to come: a series, tried models, bounds, and what it means in requests."""

    kind: Literal["Forecast"] = Field(description="`Forecast`.", examples=["Forecast"])
    metadata: ProductMetadata = Field(
        description="Who it is.", examples=[{"name": "shop-traffic", "product": "shop"}]
    )
    spec: ForecastSpec = Field(
        description="What it is.",
        examples=[
            {
                "metric": "pageViews",
                "source": {"csv": {"file": "products/shop/page-views.csv", "value": "views"}},
            }
        ],
    )
