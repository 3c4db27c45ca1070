"""A series of numbers over time: one number a step, by the wall clock of its zone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise

HOURS_A_DAY = 24
MONTHS_A_YEAR = 12
MONTHS_A_QUARTER = 3
DAYS_A_WEEK = 7
YEARS = range(1600, 2400)
"""A time of another year is a mistake: forecasts of it would leave the calendar."""
_FIRST = datetime.fromisoformat("0001-01-01")
"""A Monday, by the clock on the wall."""


class Every(StrEnum):
    """How far two numbers of a series lie apart."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"

    @property
    def seasons(self) -> tuple[int, ...]:
        """Give the lengths of the seasons that such a series may have, the shortest first."""
        match self:
            case Every.HOUR:
                return (HOURS_A_DAY, HOURS_A_DAY * DAYS_A_WEEK)
            case Every.DAY:
                return (DAYS_A_WEEK,)
            case Every.WEEK:
                return (52,)
            case Every.MONTH:
                return (MONTHS_A_YEAR,)
            case Every.QUARTER:
                return (4,)
            case Every.YEAR:
                return (1,)

    @property
    def a_year(self) -> int:
        """Give the season of a year as whole weeks where weeks count."""
        return {Every.HOUR: 8736, Every.DAY: 364}.get(self, self.seasons[-1])

    @property
    def a_day(self) -> int:
        """Give how many numbers make one day: the block whose highest one must be served."""
        return HOURS_A_DAY if self is Every.HOUR else 1

    def number(self, at: datetime) -> int:
        """Give the number of the step that an instant falls into."""
        passed = at - _FIRST
        match self:
            case Every.HOUR:
                return passed // timedelta(hours=1)
            case Every.DAY:
                return passed.days
            case Every.WEEK:
                return passed.days // DAYS_A_WEEK
            case Every.MONTH:
                return at.year * MONTHS_A_YEAR + at.month - 1
            case Every.QUARTER:
                return (at.year * MONTHS_A_YEAR + at.month - 1) // MONTHS_A_QUARTER
            case Every.YEAR:
                return at.year

    def instant(self, number: int) -> datetime:
        """Give when the step of a number begins."""
        match self:
            case Every.HOUR:
                return _FIRST + timedelta(hours=number)
            case Every.DAY:
                return _FIRST + timedelta(days=number)
            case Every.WEEK:
                return _FIRST + timedelta(days=number * DAYS_A_WEEK)
            case Every.MONTH:
                return _FIRST.replace(number // MONTHS_A_YEAR, number % MONTHS_A_YEAR + 1)
            case Every.QUARTER:
                return Every.MONTH.instant(number * MONTHS_A_QUARTER)
            case Every.YEAR:
                return _FIRST.replace(number)

    def steps_in(self, length: timedelta) -> int:
        """Give how many steps make a length of time; at least one."""
        days = {Every.WEEK: 7, Every.MONTH: 30.4375, Every.QUARTER: 91.3125, Every.YEAR: 365.25}
        step = timedelta(hours=1) if self is Every.HOUR else timedelta(days=days.get(self, 1))
        return max(1, round(length / step))


@dataclass(frozen=True)
class Series:
    """Numbers without a gap; `filled` are the places where there was none, and one was made up."""

    every: Every
    first: int
    """The number of the first step."""
    values: tuple[float, ...]
    filled: tuple[int, ...] = ()
    zone: str = "UTC"

    def at(self, index: int) -> datetime:
        """Give the wall-clock time at which a step begins, also of one that is still to come."""
        return self.every.instant(self.first + index)


def spacing(instants: Iterable[datetime]) -> Every:
    """Tell from the usual distance of instants how far they lie apart; finer than an hour is one.

    Finer ones are added up into hours.
    """
    ordered = sorted(set(instants))
    gaps = sorted(after - before for before, after in pairwise(ordered))
    usual = gaps[len(gaps) // 2] if gaps else timedelta(days=1)
    limits = (
        (timedelta(hours=20), Every.HOUR),
        (timedelta(days=4), Every.DAY),
        (timedelta(days=20), Every.WEEK),
        (timedelta(days=60), Every.MONTH),
        (timedelta(days=200), Every.QUARTER),
    )
    return next((every for limit, every in limits if usual < limit), Every.YEAR)


def without_gaps(found: Mapping[int, float], every: Every, zone: str = "UTC") -> Series:
    """Give a series; a missing number is what it was a season before, moved to today's level.

    At least one number must be there.
    """
    first, last = min(found), max(found)
    season = every.seasons[0]
    values: list[float] = []
    filled: list[int] = []
    for number in range(first, last + 1):
        value = found.get(number)
        if value is None:
            filled.append(number - first)
            value = values[-season] if len(values) >= season else values[-1]
        values.append(value)
    return Series(every, first, tuple(values), tuple(filled), zone)
