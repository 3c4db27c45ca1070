"""What knows numbers of an environment over time, as a Prometheus does."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class RangeQuery:
    """A question over a stretch of time; instants are seconds since the epoch."""

    url: str
    query: str
    start: float
    end: float
    step: float
    """Seconds between two points."""


Point = tuple[float, float]
"""An instant and a number, which may be NaN."""


class MetricSource(Protocol):
    """Answers range queries."""

    async def read(self, query: RangeQuery) -> tuple[tuple[Point, ...], ...]:
        """Give the series, each with its points in order.

        Raises Stalled when the question cannot be asked or is refused, Transient when there is no
        answer.
        """
