"""Folds → bounds: how far the daily peaks lay beside what was said of them.

Conformal prediction on block maxima: the unit is the peak of a day, since that is what must be
served. Bounds are a share of the forecast or a distance from it, whichever costs less while folds
that were left out are covered; the level is raised until they are. Headroom is taken by what it
costs: more where it is cheap, no more than must be where it is dear.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from controller.model.forecast import Band
from controller.steps.forecast.light import Numbers

LEVELS = (0.9, 0.925, 0.95, 0.96, 0.97, 0.98, 0.99, 1.0)
SPARE = 0.35
"""So much further than the past says, and more when few peaks say it: one over their root."""
CHEAP_SPARES = (0.5, 1.0, 2.0)
CHEAP = 1.6
"""Up to here a miss that the past does not hold costs more than the headroom against it."""
DEAR = 2.0
"""From here on nothing is spared, and one bad fold is no reason."""
MOST_TIMES = 1000.0
"""What came was never so many times what was said, or shares say nothing."""
WORST_FOLD = 0.85
"""No fold that was left out may be covered less: misses come together."""
WIDER = (1.5, 2.0, 3.0)
"""When all that was seen is not enough: so many times further."""
Peaks = tuple[tuple[float, float], ...]
"""Of each day of a fold: what was said, and what came."""


@dataclass(frozen=True, slots=True)
class Step:
    """A level of what was seen, how many times further, and what is spared."""

    level: float
    wider: float = 1.0
    spare: float = SPARE


class LeftOut(NamedTuple):
    """How bounds that others gave did on each fold."""

    coverage: float
    worst: float
    """The share that was covered of the fold that was covered least."""
    oversizing: float


@dataclass(frozen=True, slots=True)
class Bounds:
    """How to get from a forecast of a peak to what it will hardly leave."""

    is_ratio: bool
    low: float
    high: float
    tested_steps: int
    coverage: float
    """Share of the peaks of left-out folds that lay below the upper bound."""
    oversizing: float
    """Upper bounds of left-out folds beside what came."""

    def around(self, mid: float, steps: int) -> Band:
        """Give the band of a peak so many steps ahead: wider beyond what was tested."""
        wider = math.sqrt(max(1.0, steps / self.tested_steps))
        if self.is_ratio:
            low = mid * math.exp(math.log(max(self.low, 1e-6)) * wider)
            return Band(min(low, mid), mid, max(mid, mid * self.high**wider))
        return Band(
            max(0.0, min(mid, mid + self.low * wider)), mid, max(mid, mid + self.high * wider)
        )


def day_peaks(said: Numbers, came: Numbers, a_day: int) -> Peaks:
    """Give the highest number said and come of each whole day, in pairs."""
    count = len(came) // a_day
    return tuple(
        (max(said[n * a_day : (n + 1) * a_day]), max(came[n * a_day : (n + 1) * a_day]))
        for n in range(count)
    )


def bounds(folds: Sequence[Peaks], wanted: float, tested_steps: int) -> Bounds | None:
    """Learn bounds from folds; None when there is nothing to learn from."""
    usable = [fold for fold in folds if fold]
    if not usable:
        return None
    found = [_learned(usable, wanted, tested_steps, is_ratio=False)]
    if all(0 <= came < MOST_TIMES * said for fold in usable for said, came in fold):
        found.append(_learned(usable, wanted, tested_steps, is_ratio=True))
    return min(found, key=lambda b: (round(min(b.coverage, wanted), 2) < wanted, b.oversizing))


def _learned(folds: Sequence[Peaks], wanted: float, tested: int, *, is_ratio: bool) -> Bounds:
    step = _step(folds, wanted, is_ratio=is_ratio)
    found = _left_out(folds, step, is_ratio=is_ratio)
    high = _high(folds, step, is_ratio=is_ratio)
    low = -quantile((-miss for miss in _misses(folds, is_ratio=is_ratio)), wanted)
    return Bounds(is_ratio, low, high, tested, found.coverage, found.oversizing)


def _step(folds: Sequence[Peaks], wanted: float, *, is_ratio: bool) -> Step:
    """Give the first step that covers what is wanted, wider where cheap and narrower where dear."""

    def tried(step: Step) -> LeftOut:
        return _left_out(folds, step, is_ratio=is_ratio)

    steps = [Step(level) for level in LEVELS if level >= wanted]
    steps += [Step(1.0, wider) for wider in WIDER]
    chosen = steps[-1]
    for step in steps:
        found = tried(step)
        if found.coverage >= wanted and found.worst >= WORST_FOLD:
            chosen = step
            break
    for spare in CHEAP_SPARES:
        if tried(replace(chosen, spare=spare)).oversizing > CHEAP:
            break
        chosen = replace(chosen, spare=spare)
    if tried(chosen).oversizing <= DEAR:
        return chosen
    least = [Step(level, spare=0.0) for level in LEVELS]
    least += [Step(1.0, wider, spare=0.0) for wider in WIDER]
    return next((step for step in least if tried(step).coverage >= wanted), chosen)


def _high(folds: Sequence[Peaks], step: Step, *, is_ratio: bool) -> float:
    misses = list(_misses(folds, is_ratio=is_ratio))
    spare = step.wider + max(step.spare, 1 / math.sqrt(len(misses)))
    high = quantile(misses, step.level)
    return 1 + max(0.0, high - 1) * spare if is_ratio else max(0.0, high) * spare


def _left_out(folds: Sequence[Peaks], step: Step, *, is_ratio: bool) -> LeftOut:
    covered, of, bound, came_in_all, worst = 0, 0, 0.0, 0.0, 1.0
    for n, fold in enumerate(folds):
        others = [*folds[:n], *folds[n + 1 :]] or [fold]
        high = _high(others, step, is_ratio=is_ratio)
        tops = [said * high if is_ratio else said + high for said, _ in fold]
        within = sum(came <= top for (_, came), top in zip(fold, tops, strict=True))
        covered, of, worst = covered + within, of + len(fold), min(worst, within / len(fold))
        bound += sum(tops)
        came_in_all += sum(came for _, came in fold)
    return LeftOut(covered / of, worst, bound / came_in_all if came_in_all > 0 else 1.0)


def _misses(folds: Iterable[Peaks], *, is_ratio: bool) -> Iterable[float]:
    return (came / said if is_ratio else came - said for fold in folds for said, came in fold)


def quantile(numbers: Iterable[float], level: float) -> float:
    """Give the number that a share of them, and of one more to come, does not exceed."""
    ordered = sorted(numbers)
    place = math.ceil((len(ordered) + 1) * level) - 1
    return ordered[min(max(place, 0), len(ordered) - 1)]
