"""Folds → the blend: the mean of candidates, each with a weight that is learned from the past.

A fold has many numbers, so they say more of weights than the few errors of whole folds do. From
what the errors say, weights are moved fold by fold against the slope of the error, by exponentiated
gradients (Kivinen and Warmuth 1997; of load: Gaillard and Goude 2015). Few passes are made: where
the past says little, the weights stay near those from which they came.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from math import exp
from operator import mul
from statistics import fmean

from controller.model.forecast import SEASONAL_NAIVE
from controller.steps.forecast.backtest import (
    BESIDE,
    Fold,
    Given,
    beside_naive,
    better_than_naive,
    can_choose,
    is_better,
    won,
)
from controller.steps.forecast.light import Numbers

BLENDED = 3
"""So many of the best have most of the weight at first, with the naive."""
STEEP = 4
"""What is a tenth worse counts two thirds."""
OPEN = 0.3
"""This share of the weight is at first given to all alike: others may complete the best."""
USEFUL = 1.2
"""What is worse than so many times the naive is left out."""
PASSES = 3
RATE = 1 / 8
"""What is off by as much as the naive, and always to the wrong side, loses this share in a fold."""
MOST = 5
"""So many are named in the end."""
SHARED = "shared"
Weights = Mapping[str, float]


def with_blend(tried: Sequence[Fold], now: Given) -> tuple[tuple[Fold, ...], Given]:
    """Add the blend; nothing when there are too few folds, or nothing is near the naive."""
    first = _first(tried, now) if can_choose(tried) else {}
    useful = [
        name
        for name, errors in (beside_naive(tried, now) if first else {}).items()
        if name in first or max(errors) <= USEFUL
    ]
    if len(useful) <= 1:
        return tuple(tried), now
    even = OPEN / len(useful)
    weights = _most(_learned(tried, {n: even + (1 - OPEN) * first.get(n, 0.0) for n in useful}))
    found = _added(tried, now, weights)
    name = BESIDE.join(weights)
    if len(first) > 1 and not is_better(beside_naive(*found)[name]):
        return _added(tried, now, first)
    return found


def _added(
    tried: Sequence[Fold], now: Given, weights: Weights
) -> tuple[tuple[Fold, ...], dict[str, Numbers]]:
    a_day, name = tried[0].a_day, BESIDE.join(weights)

    def added(said: Given) -> dict[str, Numbers]:
        return {**said, name: weighted(said, weights, a_day)}

    return tuple(replace(each, said=added(each.said)) for each in tried), added(now)


def _first(tried: Sequence[Fold], now: Given) -> dict[str, float]:
    """Give the best, the smaller the error the more, and the naive; that alone when none is better.

    Few folds cannot tell the best from the luckiest: what wins on them loses much of its lead on
    what comes. So the naive keeps the share by which it would win the next fold.
    """
    errors = dict(better_than_naive(tried, now)[:BLENDED])
    if not errors:
        return {SEASONAL_NAIVE: 1.0}
    least = min(errors.values())
    counts = {name: (least / error) ** STEEP if error else 1.0 for name, error in errors.items()}
    weights = {name: count / sum(counts.values()) for name, count in counts.items() if count}
    shared = [replace(each, said=_shared(each.said, weights, each.a_day)) for each in tried]
    naive = _chance_of_naive(shared)
    weights = {name: (1 - naive) * weight for name, weight in weights.items()}
    return {**weights, SEASONAL_NAIVE: naive}


def _shared(said: Given, weights: Weights, a_day: int) -> Given:
    return {SHARED: weighted(said, weights, a_day), SEASONAL_NAIVE: said[SEASONAL_NAIVE]}


def _chance_of_naive(tried: Sequence[Fold]) -> float:
    """Give the chance that the naive wins the next fold, by Laplace's rule of succession."""
    wins = sum(map(min, *won(tried, SHARED)))
    return 1 - (wins + 1) / (len(tried) + 2)


def _learned(tried: Sequence[Fold], weights: Weights) -> Weights:
    """Move weights against the slope of the error of the blend; give their mean of the last pass.

    Slopes are measured beside the mean error of the naive, so that every series learns as fast.
    """
    unit = fmean(each.error(SEASONAL_NAIVE) for each in tried) / RATE
    if not unit:
        return weights
    now, last = dict(weights), dict.fromkeys(weights, 0.0)
    for number in range(PASSES):
        for each in tried:
            slopes = {name: slope / unit for name, slope in _slopes(each, now).items()}
            mean = sum(now[name] * slope for name, slope in slopes.items())
            moved = {name: now[name] * exp(mean - slope) for name, slope in slopes.items()}
            total = sum(moved.values())
            now = {name: weight / total for name, weight in moved.items()}
            if number == PASSES - 1:
                last = {name: last[name] + now[name] / len(tried) for name in now}
    return last


def _slopes(fold: Fold, weights: Weights) -> dict[str, float]:
    """Give by how much the error of a fold grows with the weight of each."""
    said = _mean((fold.said[name] for name in weights), weights.values())
    signs = [(mid > came) - (mid < came) for mid, came in zip(said, fold.came, strict=False)]
    return {name: sum(map(mul, fold.said[name], signs)) / len(signs) for name in weights}


def _most(weights: Weights) -> dict[str, float]:
    """Give those that count most, the first most of all."""
    named = sorted(weights, key=lambda name: (-weights[name], name))[:MOST]
    total = sum(weights[name] for name in named)
    return {name: weights[name] / total for name in named}


def weighted(said: Given, weights: Weights, a_day: int) -> Numbers:
    """Give the mean of candidates, each with its weight; the peak of a day is the mean of peaks.

    Where peaks lie at different hours their mean is lower than each of them, and nobody said so.
    """
    found = list(_mean((said[name] for name in weights), weights.values()))
    if a_day == 1:
        return tuple(found)
    for begin in range(0, len(found) - a_day + 1, a_day):
        day = range(begin, begin + a_day)
        peaks = [[max(said[name][step] for step in day)] for name in weights]
        found[max(day, key=found.__getitem__)] = _mean(peaks, weights.values())[0]
    return tuple(found)


def _mean(forecasts: Iterable[Sequence[float]], weights: Collection[float]) -> Numbers:
    return tuple(sum(map(mul, weights, step)) for step in zip(*forecasts, strict=True))
