"""Every database source keeps the port's promises; the real one asks a real PostgreSQL."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from controller.adapters.table_query.memory import MemoryTableQuery
from controller.adapters.table_query.postgres import PostgresTableQuery
from controller.diagnostics.errors import Stalled, Transient, TrueupError
from controller.ports.table_query import Row, TableQuery
from controller.steps.forecast.regular import series_of
from controller.steps.load.series_file import read_series
from schemas.kinds.forecast import CsvSource
from tests.support.secret_servers import Postgres

FIRST = datetime(2026, 3, 1, tzinfo=UTC)
HOURS = [(FIRST + timedelta(hours=n), float(100 + n % 24)) for n in range(24 * 40)]
NEW_YEAR = datetime.fromisoformat("2026-01-01")
DAYS = [(NEW_YEAR + timedelta(days=n), float(n)) for n in range(40)]
ASK_HOURS = "SELECT at, views FROM hours ORDER BY at"
ASK_DAYS = "SELECT day, views FROM days ORDER BY day;"
PASSWORD = "hidden-9f3c"


@dataclass(frozen=True)
class Reports:
    """A database with numbers, and a login that may write to it."""

    login: Path
    count: Callable[[], int]


@pytest.fixture(scope="module")
def reports(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Reports:
    postgres.database("reports")
    with psycopg.connect(postgres.admin("reports"), autocommit=True) as connection:
        connection.execute("CREATE TABLE hours (at timestamptz, views bigint)")
        connection.execute("CREATE TABLE days (day date, views numeric)")
        for table, rows in (("hours", HOURS), ("days", DAYS)):
            with connection.cursor() as cursor:
                cursor.executemany(f"INSERT INTO {table} VALUES (%s, %s)", rows)
        connection.execute(f"CREATE ROLE reader LOGIN PASSWORD '{PASSWORD}'")
        connection.execute("GRANT ALL ON hours, days TO reader")
    login = tmp_path_factory.mktemp("login") / "login"
    login.write_text(f"postgresql://reader:{PASSWORD}@127.0.0.1:{postgres.port}/reports\n")

    def count() -> int:
        with psycopg.connect(postgres.admin("reports")) as connection:
            row = connection.execute("SELECT count(*) FROM days").fetchone()
        assert row is not None
        return int(row[0])

    return Reports(login, count)


@pytest.fixture(params=["memory", "postgres"])
def source(request: pytest.FixtureRequest) -> TableQuery:
    if request.param == "memory":
        return MemoryTableQuery({ASK_HOURS: HOURS, ASK_DAYS: DAYS})
    return PostgresTableQuery()


async def read(source: TableQuery, reports: Reports, query: str) -> list[Row]:
    return list(await source.read(str(reports.login), query))


async def test_rows_come_as_times_and_numbers(source: TableQuery, reports: Reports) -> None:
    assert await read(source, reports, ASK_HOURS) == HOURS
    assert await read(source, reports, ASK_DAYS) == DAYS


async def test_a_query_that_is_not_understood_stalls(source: TableQuery, reports: Reports) -> None:
    with pytest.raises(Stalled) as refused:
        await read(source, reports, "SELECT nothing FROM nowhere")
    assert refused.value.diagnostics[0].code == "forecast/query-refused"


@pytest.mark.parametrize("zone", ["UTC", "Europe/Paris"])
async def test_a_table_and_a_file_give_the_same_series(
    source: TableQuery, reports: Reports, zone: str
) -> None:
    lines = ["date,value", *(f"{at.isoformat()},{value}" for at, value in HOURS)]
    wanted = CsvSource.model_validate({"file": "views.csv", "zone": zone})
    from_file, faults = read_series("views.csv", "\n".join(lines).encode(), wanted)
    assert not faults
    found = series_of(await read(source, reports, ASK_HOURS), zone)
    assert from_file is not None
    assert (found.first, found.every) == (from_file.first, from_file.every)
    # The night of 29 March has no hour from two to three in Paris: both fill it in.
    assert found.values == from_file.values
    assert found.filled == from_file.filled


REAL = PostgresTableQuery(seconds=20, most_rows=1_000)
NOW_ONE = "SELECT now(), 1"
WRITES = (
    "WITH gone AS (DELETE FROM days RETURNING day, views) SELECT day, views FROM gone",
    "SELECT now(), 1; COMMIT; DELETE FROM days",
    "SELECT now(), set_config('transaction_read_only', 'off', true)::boolean::int",
    "SELECT day, views FROM days FOR UPDATE",
    "DELETE FROM days",
)


@pytest.mark.parametrize("query", WRITES)
async def test_nothing_is_written_whatever_is_asked(reports: Reports, query: str) -> None:
    with pytest.raises(Stalled) as refused:
        await read(REAL, reports, query)
    assert refused.value.diagnostics[0].code == "forecast/query-refused"
    assert reports.count() == len(DAYS)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1, now()",
        "SELECT now(), 'many'",
        "SELECT now()",
        "SELECT now(), 1, 2",
        "SELECT NULL::timestamptz, 1",
        "SELECT 'infinity'::timestamptz, 1",
        "SELECT now(), 1 / 0",
    ],
)
async def test_what_is_no_time_and_number_is_told(reports: Reports, query: str) -> None:
    with pytest.raises(Stalled) as refused:
        await read(REAL, reports, query)
    assert refused.value.diagnostics[0].code == "forecast/query-refused"


async def test_nothing_added_up_is_a_missing_number(reports: Reports) -> None:
    ((_, number),) = await read(REAL, reports, "SELECT now(), sum(views) FROM days WHERE false")
    assert math.isnan(number)


async def test_no_more_than_the_most_rows_leave_the_database(reports: Reports) -> None:
    many = "SELECT now(), n FROM generate_series(1, {}) AS n"
    assert len(await read(REAL, reports, many.format(1_000))) == 1_000
    # Nearly a thousand million rows: the server stops when nobody asks for the next.
    with pytest.raises(Stalled, match="more than 1,000 rows"):
        await read(REAL, reports, "SELECT a.at, 1 FROM hours a, hours b, hours c")


async def test_a_query_without_an_end_is_ended(reports: Reports) -> None:
    impatient = PostgresTableQuery(seconds=1)
    for query in (
        "SELECT now(), pg_sleep(100)::text::int",
        "SELECT now(), length(set_config('statement_timeout', '0', true) || pg_sleep(100))",
    ):
        with pytest.raises(Stalled, match="did not end within"):
            await read(impatient, reports, query)


async def test_no_message_holds_the_login(
    reports: Reports, postgres: Postgres, tmp_path: Path
) -> None:
    def login(text: str) -> str:
        path = tmp_path / "other"
        path.write_text(text)
        return str(path)

    wrong = [
        f"postgresql://reader:{PASSWORD}x@127.0.0.1:{postgres.port}/reports",
        f"postgresql://reader:{PASSWORD}@127.0.0.1:{postgres.port}/{PASSWORD}",
        f"postgresql://reader:{PASSWORD}@127.0.0.1:1/reports",
        f"host=127.0.0.1 {PASSWORD}",
        f"postgresql://reader:{PASSWORD}@127.0.0.1:{postgres.port}/reports?{PASSWORD}=1",
    ]
    for text in wrong:
        with pytest.raises((Stalled, Transient)) as refused:
            await REAL.read(login(text), NOW_ONE)
        assert PASSWORD not in told(refused.value)
    with pytest.raises(Stalled, match="not delivered"):
        await REAL.read(str(tmp_path / "nothing"), NOW_ONE)
    with pytest.raises(Stalled) as refused:
        await read(REAL, reports, f"SELECT now(), '{PASSWORD}'::int")
    assert PASSWORD not in told(refused.value)


def told(error: TrueupError) -> str:
    return f"{error!r} {error} {error.__cause__!r} {error.diagnostics!r}"
