"""A source of numbers that answers from a mapping, for tests."""

from collections.abc import Mapping

from controller.diagnostics.errors import Stalled
from controller.ports.metric_source import Point, RangeQuery

Series = tuple[tuple[Point, ...], ...]


class MemoryMetricSource:
    """Gives what it was told of a query, and what lies in the asked stretch of time."""

    def __init__(self, known: Mapping[str, Series | BaseException]) -> None:
        self._known = known
        self.asked: list[RangeQuery] = []

    async def read(self, query: RangeQuery) -> Series:
        """Give the series; raises Stalled for a query that nobody told it of."""
        self.asked.append(query)
        found = self._known.get(query.query)
        if found is None:
            raise Stalled.because("the query is refused", code="gate/query-refused")
        if isinstance(found, BaseException):
            raise found
        return tuple(
            tuple(point for point in series if query.start <= point[0] <= query.end)
            for series in found
        )
