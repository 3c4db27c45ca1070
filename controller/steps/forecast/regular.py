"""Points of time and numbers → a series by the clock on the wall, or why there is none."""

import math
from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from controller.diagnostics.errors import Stalled
from controller.model.series import YEARS, Every, Series, spacing, without_gaps

FEWEST = 8
MOST_MISSING = 0.25


def series_of(
    points: Iterable[tuple[datetime, float]], zone: str, *, is_rate: bool = False
) -> Series:
    """Give the series; of several numbers in one step the sum, or the mean of rates.

    Numbers that are none (NaN) are missing. Raises Stalled when there are too few, when too many
    are missing, or one is below zero.
    """
    there = [(_by_the_clock(at, zone), value) for at, value in points if math.isfinite(value)]
    if len(there) < FEWEST:
        raise _refused(
            f"there are {len(there)} numbers in the answer, and none of the others count"
        )
    if min(value for _, value in there) < 0:
        raise _refused("a number in the answer is below zero")
    if any(at.year not in YEARS for at, _ in there):
        raise _refused(f"a time in the answer is not between {YEARS[0]} and {YEARS[-1]}")
    every = spacing(at for at, _ in there)
    sums: dict[int, list[float]] = {}
    for at, value in there:
        sums.setdefault(every.number(at), []).append(value)
    is_mean = is_rate or every is not Every.HOUR
    values = {number: sum(found) / (len(found) if is_mean else 1) for number, found in sums.items()}
    length = max(values) - min(values) + 1
    if len(values) < (1 - MOST_MISSING) * length:
        raise _refused(f"{length - len(values)} of {length} numbers are missing")
    return without_gaps(values, every, zone)


def _by_the_clock(at: datetime, zone: str) -> datetime:
    if at.tzinfo is None or at.year not in YEARS:
        return at.replace(tzinfo=None)
    return at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def _refused(why: str) -> Stalled:
    return Stalled.because(
        why,
        hint="ask the source by hand, and look at what the document asks for",
        code="forecast/no-series",
    )
