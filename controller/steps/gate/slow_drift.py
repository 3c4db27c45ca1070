"""Numbers that get worse from release to release, each step too small for any gate. Pure.

Change points are found over the verified releases by `ruptures` (PELT with squared errors, on
numbers in units of their own noise). It is a word to people, never a ruling.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median

FEWEST_RELEASES = 10
SHORTEST_LEVEL = 4
"""Releases; fewer are noise."""
PENALTY = 5.0
"""Times the logarithm of their number is what one more change has to explain."""
LEAST_CHANGE = 0.03
"""Of the level before; less is not worth a word."""
_MAD_OF_NORMAL = 0.6745


@dataclass(frozen=True, slots=True)
class Shift:
    """A number that became worse, and did not come back."""

    began: int
    """The place of the first release of the worse level."""
    before: float
    now: float

    @property
    def change(self) -> float:
        """How much more it is, as a share of what it was."""
        return self.now / self.before - 1 if self.before else math.inf


def find_shift(numbers: Sequence[float], *, more_is_worse: bool) -> Shift | None:
    """Find where the level rose that holds today; None when none did, or too little is known."""
    if len(numbers) < FEWEST_RELEASES or not all(map(math.isfinite, numbers)):
        return None
    levels = _levels(numbers)
    first = len(levels) - 1
    sign = 1 if more_is_worse else -1
    means = [fmean(numbers[start:end]) for start, end in levels]
    while first > 0 and sign * (means[first] - means[first - 1]) > 0:
        first -= 1
    if first == len(levels) - 1:
        return None
    shift = Shift(levels[first + 1][0], means[first], means[-1])
    return shift if abs(shift.change) >= LEAST_CHANGE else None


def _levels(numbers: Sequence[float]) -> list[tuple[int, int]]:
    """Give the stretches of one level each, as places from and until."""
    import numpy as np
    from ruptures import Pelt

    steps = [after - before for before, after in pairwise(numbers)]
    middle = median(steps)
    noise = median(abs(step - middle) for step in steps) / _MAD_OF_NORMAL / math.sqrt(2)
    noise = max(noise, abs(median(numbers)) * 0.001, 1e-12)
    signal = np.array(numbers, dtype=float).reshape(-1, 1) / noise
    found = Pelt(model="l2", min_size=SHORTEST_LEVEL, jump=1).fit(signal)
    ends = found.predict(pen=PENALTY * math.log(len(numbers)))
    return list(pairwise([0, *(int(end) for end in ends)]))
