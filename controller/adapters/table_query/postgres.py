"""Rows of a PostgreSQL database, read in a transaction that can do nothing else."""

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import cast

import psycopg

from controller.diagnostics.errors import Stalled, Transient
from controller.ports.table_query import Row

SECONDS = 30
MOST_ROWS = 200_000
_REFUSED = "forecast/query-refused"


class PostgresTableQuery:
    """Implements `TableQuery` for PostgreSQL."""

    def __init__(self, *, seconds: int = SECONDS, most_rows: int = MOST_ROWS) -> None:
        """End a query after `seconds`; refuse more than `most_rows`."""
        self._seconds = seconds
        self._most = most_rows

    async def read(self, login_file: str, query: str) -> Sequence[Row]:
        """See the port. No message of the server is passed on that could hold the login."""
        try:
            login = Path(login_file).read_text(encoding="utf-8").strip()
        except (OSError, ValueError):
            raise Stalled.because(
                "the login of the database was not delivered, or cannot be read",
                hint="`trueup get secrets` shows whether it was",
                code=_REFUSED,
            ) from None
        try:
            async with await psycopg.AsyncConnection.connect(
                login, connect_timeout=10, application_name="trueup-forecast"
            ) as connection:
                return await self._rows(connection, query)
        except psycopg.errors.QueryCanceled:
            raise Stalled.because(
                f"the query did not end within {self._seconds} seconds", code=_REFUSED
            ) from None
        except psycopg.OperationalError:
            raise Transient.because(
                "the database of the forecast does not answer, or refuses the login",
                code="forecast/database-not-answering",
            ) from None
        except psycopg.ProgrammingError as error:
            told = str(error).splitlines()[0] if error.sqlstate else "the login is no address"
            raise Stalled.because(
                f"the database refuses the query: {told}",
                hint="it must be one `SELECT` of a time and a number",
                code=_REFUSED,
            ) from None
        except psycopg.Error as error:
            raise Stalled.because(
                f"the database refuses the query: {type(error).__name__}", code=_REFUSED
            ) from None

    async def _rows(
        self, connection: psycopg.AsyncConnection[tuple[object, ...]], query: str
    ) -> Sequence[Row]:
        await connection.set_read_only(True)
        async with connection.transaction(force_rollback=True):
            await connection.execute(f"SET LOCAL statement_timeout = {self._seconds * 1000}")
            # The document's own text: it stands alone in a statement that can only read.
            cursor = await connection.execute(query.rstrip().rstrip(";").encode())
            found = await cursor.fetchmany(self._most + 1)
        if len(found) > self._most:
            raise Stalled.because(
                f"the query gives more than {self._most:,} rows",
                hint="add them up by hour or by day in the query",
                code=_REFUSED,
            )
        return [_row(row) for row in found]


def _row(row: Sequence[object]) -> Row:
    try:
        at, value = row
        number = float(cast("float", value))
    except (TypeError, ValueError):
        raise Stalled.because(
            "the query gives something else than a time and a number in each row", code=_REFUSED
        ) from None
    if isinstance(at, datetime):
        return at, number
    if isinstance(at, date):
        return datetime.combine(at, datetime.min.time()), number
    raise Stalled.because("the first column of the query is no time", code=_REFUSED)
