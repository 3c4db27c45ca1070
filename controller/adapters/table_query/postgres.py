"""Rows of a PostgreSQL database, read in a transaction that can do nothing else."""

import asyncio
import math
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import cast

import psycopg

from controller.diagnostics.errors import Stalled, Transient
from controller.diagnostics.secret import SecretText
from controller.ports.table_query import Row

SECONDS = 30
CONNECTING = 10
MOST_ROWS = 200_000
AT_ONCE = 5_000
_REFUSED = "forecast/query-refused"


class PostgresTableQuery:
    """Implements `TableQuery` for PostgreSQL."""

    def __init__(self, *, seconds: int = SECONDS, most_rows: int = MOST_ROWS) -> None:
        """End a query after `seconds`; refuse more than `most_rows`."""
        self._seconds = seconds
        self._most = most_rows

    async def read(self, login_file: str, query: str) -> Sequence[Row]:
        """See the port. No message of the server is passed on that could hold the login."""
        login = _login(login_file)
        try:
            async with (
                asyncio.timeout(CONNECTING + self._seconds),
                await psycopg.AsyncConnection.connect(
                    login.reveal(), connect_timeout=CONNECTING, application_name="trueup-forecast"
                ) as connection,
            ):
                return await self._rows(connection, query)
        except (psycopg.errors.QueryCanceled, TimeoutError):
            raise _refused(f"the query did not end within {self._seconds} seconds") from None
        except psycopg.OperationalError:
            raise Transient.because(
                "the database of the forecast does not answer, or refuses the login",
                hint="look at the address and the password in the secret, and at the database",
                code="forecast/database-not-answering",
            ) from None
        except psycopg.errors.ReadOnlySqlTransaction:
            raise _refused("the query would write, and it may only read") from None
        except psycopg.ProgrammingError as error:
            told = str(error).splitlines()[0] if error.sqlstate else "the login is no address"
            raise _refused(f"the database refuses the query: {told}") from None
        except psycopg.Error as error:
            # Its message may quote what is in the table.
            kind = type(error).__name__
            raise _refused(f"the database refuses the query: {kind}") from None

    async def _rows(
        self, connection: psycopg.AsyncConnection[tuple[object, ...]], query: str
    ) -> Sequence[Row]:
        await connection.set_read_only(True)
        async with connection.transaction(force_rollback=True):
            await connection.execute(f"SET LOCAL statement_timeout = {self._seconds * 1000}")
            # The server's own cursor takes one `SELECT` only, and what is too much stays there.
            async with connection.cursor("forecast") as cursor:
                await cursor.execute(query.rstrip().rstrip(";").encode(), binary=True)
                found: list[Row] = []
                while rows := await cursor.fetchmany(AT_ONCE):
                    found.extend(map(_row, rows))
                    if len(found) > self._most:
                        raise Stalled.because(
                            f"the query gives more than {self._most:,} rows",
                            hint="add them up by hour or by day in the query",
                            code=_REFUSED,
                        )
        return found


def _login(login_file: str) -> SecretText:
    try:
        return SecretText(Path(login_file).read_text(encoding="utf-8").strip())
    except (OSError, ValueError):
        raise Stalled.because(
            "the login of the database was not delivered, or cannot be read",
            hint="`trueup get secrets` shows whether it was",
            code=_REFUSED,
        ) from None


def _refused(why: str) -> Stalled:
    return Stalled.because(
        why, hint="it must be one `SELECT` of a time and a number", code=_REFUSED
    )


def _row(row: Sequence[object]) -> Row:
    """Give a time and a number; NULL is no number, as where nothing was added up."""
    try:
        at, value = row
        number = math.nan if value is None else float(cast("float", value))
    except (TypeError, ValueError):
        raise _refused("the query gives something else than a time and a number") from None
    if isinstance(at, datetime):
        return at, number
    if isinstance(at, date):
        return datetime.combine(at, datetime.min.time()), number
    raise _refused("the first column of the query is no time")
