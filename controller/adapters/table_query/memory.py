"""Rows for tests."""

from collections.abc import Mapping, Sequence

from controller.diagnostics.errors import Stalled
from controller.ports.table_query import Row


class MemoryTableQuery:
    """Implements `TableQuery` with what it was given, by query."""

    def __init__(self, rows: Mapping[str, Sequence[Row]]) -> None:
        """Know some answers."""
        self._rows = rows

    async def read(self, login_file: str, query: str) -> Sequence[Row]:
        """See the port."""
        del login_file
        if query not in self._rows:
            raise Stalled.because("the query is not known here", code="forecast/query-refused")
        return self._rows[query]
