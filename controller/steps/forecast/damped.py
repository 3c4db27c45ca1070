"""Smoothing of Holt and Winters with a damped slope: level, slope and season follow what came.

It is done on logarithms where all is above zero, so that seasons multiply. Of constants those are
taken that would have been best up to as far ahead as is asked (Gardner and McKenzie 1985).
"""

import math
from collections.abc import Sequence
from itertools import accumulate, product
from typing import NamedTuple

LEVELS = (0.03, 0.08, 0.2, 0.5)
SLOPES = (0.0, 0.1)
SEASONS = (0.1, 0.3)
DAMPING = 0.9
NEWEST = 52
"""So many seasons are looked at."""
APART = 3
"""So many steps lie between the places from which it is tried."""
AHEADS = 4
"""So many distances up to the horizon are tried."""


class _State(NamedTuple):
    missed: float
    level: float
    slope: float
    season: list[float]
    """What each place adds, from the one that comes next."""


def damped(values: tuple[float, ...], season: int, horizon: int) -> tuple[float, ...]:
    """Give what comes after values of three seasons at least."""
    values = values[-NEWEST * season :]
    is_ratio = min(values) > 0
    plain = [math.log(value) for value in values] if is_ratio else list(values)
    slopes = list(accumulate(DAMPING**step for step in range(1, horizon + 1)))
    aheads = sorted({math.ceil(horizon * n / AHEADS) for n in range(1, AHEADS + 1)})
    best = min(
        (_followed(plain, season, [(far, slopes[far - 1]) for far in aheads], rates)
         for rates in product(LEVELS, SLOPES, SEASONS)),
        key=lambda state: state.missed,
    )  # fmt: skip
    said = [
        best.level + best.slope * slopes[step] + best.season[step % season]
        for step in range(horizon)
    ]
    return tuple(math.exp(min(value, 700.0)) if is_ratio else value for value in said)


def _followed(
    values: Sequence[float],
    season: int,
    aheads: Sequence[tuple[int, float]],
    rates: tuple[float, float, float],
) -> _State:
    """Follow the values with some constants, and add up how far they were off on the way."""
    of_level, of_slope, of_season = rates
    first, second = values[:season], values[season : 2 * season]
    level, slope, missed = sum(first) / season, 0.0, 0.0
    apart = sum(second) / season + level
    places = [(a + b - apart) / 2 for a, b in zip(first, second, strict=True)]
    count = len(values)
    for n, value in enumerate(values):
        if n >= 2 * season and (count - n) % APART == 0:
            for far, slopes in aheads:
                at = n + far - 1
                if at < count:
                    said = level + slope * slopes + places[at % season]
                    missed += abs(said - values[at])
        place = n % season
        due = level + DAMPING * slope
        new = of_level * (value - places[place]) + (1 - of_level) * due
        slope = of_slope * (new - level) + (1 - of_slope) * DAMPING * slope
        places[place] += of_season * (1 - of_level) * (value - due - places[place])
        level = new
    begin = count % season
    return _State(missed, level, slope, places[begin:] + places[:begin])
