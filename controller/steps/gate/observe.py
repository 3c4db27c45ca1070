"""The points that a Prometheus has of a run → one number, or why it is not known. Pure."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from controller.model.measurement import Observation

LEAST_SHARE = 0.8
"""Of the points that the steady part has room for; with fewer, somebody did not look."""
FEWEST_POINTS = 3

Take = Literal["mean", "max", "min", "last"]
Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Window:
    """The steady part of a run, as it was asked about; instants are seconds since the epoch."""

    start: float
    end: float
    step: float

    @property
    def room(self) -> int:
        """How many points it has room for."""
        return int((self.end - self.start) / self.step) + 1


def observe(name: str, take: Take, window: Window, series: Sequence[Points]) -> Observation:
    """Give the number of exactly one whole series."""
    if len(series) != 1:
        why = f"{len(series)} series; aggregate them to one" if series else "no series"
        return Observation(name, None, f"the query gives {why}")
    numbers = [number for at, number in series[0] if window.start - 1 <= at <= window.end + 1]
    if any(not math.isfinite(number) for number in numbers):
        return Observation(name, None, "a point is not a number")
    if len(numbers) < max(FEWEST_POINTS, LEAST_SHARE * window.room):
        return Observation(name, None, f"only {len(numbers)} of {window.room} points are there")
    return Observation(name, _TAKES[take](numbers))


_TAKES: Mapping[Take, Callable[[Sequence[float]], float]] = {
    "mean": fmean,
    "max": max,
    "min": min,
    "last": lambda numbers: numbers[-1],
}
