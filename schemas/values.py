"""Durations and thresholds, as people write them."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Literal, TypeVar

from pydantic import BeforeValidator, PlainSerializer, Strict

from schemas.names import json_text

T = TypeVar("T")
Many = Annotated[tuple[T, ...], Strict(strict=False)]
"""A list in YAML; a tuple here."""

DURATION_PATTERN = r"[0-9]{1,9}(?:ms|s|m|h|d|w)"
_DURATION = re.compile(r"([0-9]{1,9})(ms|s|m|h|d|w)")
_UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_LONGEST = timedelta(days=36500)
DURATION_WORDS = "a duration such as `500ms`, `30s`, `10m`, `12h` or `30d`"


def read_duration(raw: object) -> timedelta:
    """Read `10m`; raises ValueError."""
    if isinstance(raw, timedelta):
        return raw
    match = _DURATION.fullmatch(raw) if isinstance(raw, str) else None
    if match is None:
        raise ValueError(DURATION_WORDS)
    length = int(match[1]) * _UNITS[match[2]]
    if length > _LONGEST:
        raise ValueError("a duration of at most 100 years")
    return length


_LOOSE_DURATION = re.compile(
    r"([0-9]{1,9}) ?(?:(ms|milli)|(s)|(m)|(h)|(d)|(w))[a-z]*\.?", re.IGNORECASE
)
_LOOSE_UNITS = ("ms", "s", "m", "h", "d", "w")


def duration_meant(raw: object) -> str | None:
    """Give the duration that somebody meant by `30 days`; None when it cannot be told."""
    match = _LOOSE_DURATION.fullmatch(raw.strip()) if isinstance(raw, str) else None
    if match is None or re.search("mon", match[0], re.IGNORECASE):
        return None
    unit = next(name for name, found in zip(_LOOSE_UNITS, match.groups()[1:], strict=True) if found)
    return f"{match[1]}{unit}"


def write_duration(length: timedelta) -> str:
    """Write a duration as people do: the largest unit that leaves no rest."""
    milliseconds = length // timedelta(milliseconds=1)
    for unit in ("d", "h", "m", "s"):
        size = _UNITS[unit] // timedelta(milliseconds=1)
        if milliseconds and milliseconds % size == 0:
            return f"{milliseconds // size}{unit}"
    return f"{milliseconds}ms"


def _read_positive(raw: object) -> timedelta:
    length = read_duration(raw)
    if not length:
        raise ValueError(f"more than nothing: {DURATION_WORDS}")
    return length


_DURATION_JSON = json_text(f"^{DURATION_PATTERN}$", DURATION_WORDS)
_DURATION_OUT = PlainSerializer(write_duration, return_type=str, when_used="json")
Duration = Annotated[timedelta, BeforeValidator(read_duration), _DURATION_OUT, _DURATION_JSON]
"""A length of time, maybe none: `0s`."""
Interval = Annotated[timedelta, BeforeValidator(_read_positive), _DURATION_OUT, _DURATION_JSON]
"""A length of time above zero."""

_DATE_WORDS = 'a day such as `"2027-01-31"`'


def _read_day(raw: object) -> date:
    if isinstance(raw, date):
        return raw
    try:
        return date.fromisoformat(raw if isinstance(raw, str) and "-" in raw else "")
    except ValueError:
        raise ValueError(_DATE_WORDS) from None


Day = Annotated[
    date,
    BeforeValidator(_read_day),
    json_text(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", _DATE_WORDS),
]
"""A day in UTC: in YAML a text."""

ThresholdUnit = Literal["milliseconds", "share", "per_second", "number"]
THRESHOLD_PATTERN = r"(<=|>=|<|>) ?([0-9]{1,9}(?:\.[0-9]{1,6})?)(ms|s|%|/s)"
_THRESHOLD = re.compile(THRESHOLD_PATTERN)
THRESHOLD_WORDS = 'a limit such as `"<150ms"`, `"<1%"` or `">30/s"`'
_THRESHOLD_UNITS: dict[str, tuple[ThresholdUnit, float]] = {
    "ms": ("milliseconds", 1.0),
    "s": ("milliseconds", 1000.0),
    "%": ("share", 0.01),
    "/s": ("per_second", 1.0),
}


@dataclass(frozen=True, slots=True)
class Threshold:
    """A limit that a measured number must keep: `<150ms`, `<1%`, `>30/s`."""

    text: str
    operator: Literal["<", "<=", ">", ">="]
    value: float
    """In milliseconds, as a share from 0 to 1, per second, or as it is, as `unit` says."""
    unit: ThresholdUnit

    def holds(self, measured: float) -> bool:
        """Tell whether a number in the same unit keeps the limit."""
        match self.operator:
            case "<":
                return measured < self.value
            case "<=":
                return measured <= self.value
            case ">":
                return measured > self.value
            case ">=":
                return measured >= self.value


def read_threshold(raw: object) -> Threshold:
    """Read `<150ms`; raises ValueError."""
    if isinstance(raw, Threshold):
        return raw
    match = _THRESHOLD.fullmatch(raw) if isinstance(raw, str) else None
    if match is None:
        raise ValueError(THRESHOLD_WORDS)
    unit, factor = _THRESHOLD_UNITS[match[3]]
    operator: Literal["<", "<=", ">", ">="]
    match match[1]:
        case "<":
            operator = "<"
        case "<=":
            operator = "<="
        case ">":
            operator = ">"
        case _:
            operator = ">="
    return Threshold(match[0], operator, round(float(match[2]) * factor, 9), unit)
