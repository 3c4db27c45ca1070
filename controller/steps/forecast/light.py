"""Candidates that need nothing but arithmetic: always there, quick, and hard to beat.

`seasonal-theta` is the Theta method of Assimakopoulos and Nikolopoulos (2000): the season is taken
out, what is left is smoothed exponentially, and half of the long slope is added.
"""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import fmean, median

from controller.model.forecast import SEASONAL_NAIVE, Question
from controller.model.series import DAYS_A_WEEK
from controller.steps.forecast.damped import damped
from controller.steps.forecast.indices import CYCLES, indices_of
from controller.steps.forecast.levels import levelled

SMOOTHINGS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 0.95)
MEDIAN_OF = 5
FEWEST_PROFILED = 3
"""Of fewer seasons, a mean of each place says less than the last one."""
HALVED_AFTER = 4
"""Stretches of a seventh of a season, after which half of an odd level is gone."""
NEWEST = 28
"""So many of the newest numbers say how much higher this year is than the last."""
DAMPING = 0.98
MOST_GROWTH = 4.0
LIKE = 0.25
"""A cycle must be this much like itself one turn later."""
LOOK_FOR_CYCLE = -1
LONGEST_CYCLES = 600
FEWEST_HELD = 5
"""Of fewer seasons nobody knows how much they change."""
Numbers = tuple[float, ...]


def candidates(question: Question, year: int = 0) -> Mapping[str, Numbers]:
    """Give what each candidate says; `year` is the length of a year where one may be looked for."""
    values, horizon = question.values, question.horizon
    season = known_season(question)
    found = {SEASONAL_NAIVE: seasonal_naive(values, season, horizon)}
    if season != question.seasons[0]:
        found["daily-naive"] = seasonal_naive(values, question.seasons[0], horizon)
    found["last-value"] = (values[-1],) * horizon
    if len(values) >= 2 * season:
        level = levelled(values, season)
        found["seasonal-theta"] = seasonal_theta(question)
        question = replace(question, values=level)
        found["seasonal-median"] = _seasonal_median(level, season, horizon)
        found["seasonal-drift"] = _seasonal_drift(level, season, horizon)
        if season > 1 and len(values) >= FEWEST_PROFILED * season:
            found["profile"] = _profile(level, season, horizon, season, math.inf)
            day = question.seasons[0] if len(question.seasons) > 1 else 1
            found["lasting-level"] = _lasting_level(level, season, horizon, day)
            if day == 1:
                found["damped"] = damped(level, season, horizon)
            else:
                stretch = max(1, season // DAYS_A_WEEK)
                halved = HALVED_AFTER * stretch
                found["reverting-profile"] = _profile(level, season, horizon, stretch, halved)
    turn = cycle(values) if year == LOOK_FOR_CYCLE else 0
    if turn > season:
        found["cycle-theta"] = _on(question, lambda v: _theta(v, turn, horizon))
        found["cycle-naive"] = seasonal_naive(values, turn, horizon)
    if season < year and len(values) >= year + max(NEWEST, season):
        found["last-year"] = _last_year(values, year, horizon)
        if "seasonal-theta" in found:
            found["theta-and-last-year"] = average(found["seasonal-theta"], found["last-year"])
    return found


def seasonal_theta(question: Question) -> Numbers:
    """Give what Theta says, on logarithms where the question wants that."""
    season = known_season(question)
    question = replace(question, values=levelled(question.values, season))
    return _on(question, lambda values: _theta(values, season, question.horizon))


def known_season(question: Question) -> int:
    """Give the longest season that was seen twice, or else the shortest."""
    seen = [season for season in question.seasons if len(question.values) >= 2 * season]
    return seen[-1] if seen else question.seasons[0]


def seasonal_naive(values: Sequence[float], season: int, horizon: int) -> Numbers:
    """Give each number as it was one season before."""
    last = values[-season:]
    return tuple(last[step % len(last)] for step in range(horizon))


def average(*forecasts: Numbers) -> Numbers:
    """Give the mean at each step."""
    return tuple(fmean(step) for step in zip(*forecasts, strict=True))


def held(said: Numbers, values: Numbers, season: int) -> Numbers:
    """Keep each season within what seasons ever changed by from one to the next.

    A model that takes the end of its history for the level goes astray when that end is odd.
    """
    ends = range(len(values), season - 1, -season)
    sums = [sum(values[end - season : end]) for end in ends]
    if len(sums) < FEWEST_HELD or min(sums) <= 0:
        return said
    widest = max(max(after / before, before / after) for after, before in pairwise(sums))
    found: list[float] = []
    for number, begin in enumerate(range(0, len(said), season), 1):
        part = said[begin : begin + season]
        total, last = sum(part), sum(values[-season:][: len(part)])
        most, least = last * widest**number, last / widest**number
        factor = min(max(total, least), most) / total if total > 0 else 1.0
        found.extend(value * factor for value in part)
    return tuple(found)


def _on(question: Question, model: Callable[[Numbers], Numbers]) -> Numbers:
    if not question.is_log:
        return model(question.values)
    return tuple(
        math.expm1(min(value, 700.0))
        for value in model(tuple(math.log1p(max(value, 0.0)) for value in question.values))
    )


def _seasonal_median(values: Numbers, season: int, horizon: int) -> Numbers:
    """Give the median of the last seasons at each place: one odd season is not said again."""
    medians = [median(place) for place in _places(values, season, MEDIAN_OF)]
    return tuple(medians[step % season] for step in range(horizon))


def _profile(values: Numbers, season: int, horizon: int, stretch: int, halved: float) -> Numbers:
    """Give the usual season at the level of the newest stretch, which reverts to the usual one.

    The level that is off by some share today is off by half of it after so many steps: load and
    weather come back to what is usual, where smoothing takes the newest level for the lasting one.
    """
    usual = [fmean(place) for place in _places(values, season, CYCLES)]
    due = sum(usual[-min(stretch, season) :])
    level = sum(values[-stretch:]) / due if due > 0 else 1.0
    level = min(max(level, 1 / MOST_GROWTH), MOST_GROWTH)
    return tuple(
        usual[step % season] * (1 + (level - 1) * 0.5 ** ((step + 1) / halved))
        for step in range(horizon)
    )


def _places(values: Numbers, season: int, most: int) -> list[list[float]]:
    """Give what the newest seasons had at each place; a place is a distance from their end."""
    newest = values[-season * min(most, len(values) // season) :]
    return [list(newest[place::season]) for place in range(season)]


def _seasonal_drift(values: Numbers, season: int, horizon: int) -> Numbers:
    """Move the last season by what a season usually adds, less and less the further out."""
    cycles = min(CYCLES, len(values) // season)
    sums = [fmean(values[len(values) - season * back :][:season]) for back in range(cycles, 0, -1)]
    drift = (sums[-1] - sums[0]) / ((cycles - 1) * season) if cycles > 1 else 0.0
    last, moved, found = values[-season:], 0.0, []
    for step in range(horizon):
        moved += drift * DAMPING ** (step / season)
        found.append(last[step % season] + moved + drift * (season - 1) / 2)
    return tuple(found)


def _last_year(values: Numbers, year: int, horizon: int) -> Numbers:
    """Give what was a year before, as much higher as the newest numbers are."""
    before = fmean(values[-NEWEST - year : -year])
    growth = fmean(values[-NEWEST:]) / before if before > 0 else 1.0
    growth = min(max(growth, 1 / MOST_GROWTH), MOST_GROWTH)
    last = values[-year:]
    return tuple(last[step % year] * growth ** (1 + step // year) for step in range(horizon))


def _theta(values: Numbers, season: int, horizon: int) -> Numbers:
    indices, is_ratio = indices_of(values, season)
    phase = len(values) % season
    if is_ratio:
        plain = [value / indices[n % season] for n, value in enumerate(values)]
    else:
        plain = [value - indices[n % season] for n, value in enumerate(values)]
    level, alpha = _smoothed(plain)
    slope = _slope(plain) / 2
    found = []
    for step in range(horizon):
        line = level + slope * (step + 1 / alpha if alpha > SMOOTHINGS[1] else step + 1)
        index = indices[(phase + step) % season]
        found.append(line * index if is_ratio else line + index)
    return tuple(found)


def _lasting_level(values: Numbers, season: int, horizon: int, day: int) -> Numbers:
    """Give the season at the level of days, smoothed as forecasts so far ahead would have wanted.

    What foresees the next step best forgets too fast: a month ahead little of today's level lasts.
    """
    indices, is_ratio = indices_of(values, season)
    levels = []
    for begin in range(len(values) % day, len(values), day):
        came = sum(values[begin : begin + day])
        usual = sum(indices[n % season] for n in range(begin, begin + day))
        levels.append(math.log(came / usual) if is_ratio else (came - usual) / day)
    days = -(-horizon // day)
    level, _ = _smoothed(levels, {1, max(1, days // 4), max(1, days // 2), days})
    ahead = [indices[(len(values) + step) % season] for step in range(horizon)]
    return tuple(math.exp(level) * index if is_ratio else level + index for index in ahead)


def _smoothed(
    values: Sequence[float], distances: Collection[int] = frozenset({1})
) -> tuple[float, float]:
    """Give the level at the end, by the smoothing that would have forecast the past best.

    It is measured so many steps ahead.
    """
    best = (math.inf, values[-1], 1.0)
    for alpha in SMOOTHINGS:
        level = fmean(values[:CYCLES])
        levels = [level]
        for value in values:
            level += alpha * (value - level)
            levels.append(level)
        missed = sum(
            fmean(abs(said - came) for said, came in zip(levels, values[far - 1 :], strict=False))
            for far in distances
            if far <= len(values)
        )
        best = min(best, (missed, level, alpha))
    return best[1], best[2]


def _slope(values: Sequence[float]) -> float:
    """Give the usual slope over a stretch: the median, so that a jump is not taken for growth."""
    stretch = max(1, len(values) // 6)
    return median(
        (after - before) / stretch for before, after in zip(values, values[stretch:], strict=False)
    )


def cycle(values: Sequence[float]) -> int:
    """Give the length of a cycle that no calendar knows, as the eleven years of the sun; else 0."""
    values = values[-LONGEST_CYCLES:]
    count = len(values)
    slope = _slope(values) if count > 1 else 0.0
    plain = [value - slope * n for n, value in enumerate(values)]
    mean = fmean(plain)
    rest = [value - mean for value in plain]
    power = sum(value * value for value in rest)
    if not power:
        return 0
    likeness = [
        sum(a * b for a, b in zip(rest, rest[lag:], strict=False)) / power
        for lag in range(count // 3)
    ]
    peaks = [
        (likeness[lag], -lag)
        for lag in range(3, len(likeness) - 1)
        if likeness[lag - 1] < likeness[lag] >= likeness[lag + 1]
    ]
    best, lag = max(peaks, default=(0.0, 0))
    return -lag if best > LIKE else 0
