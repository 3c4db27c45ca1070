import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from controller.adapters.ledger._database import migrations, schema
from controller.adapters.ledger.sqlite import SqliteLedger
from controller.diagnostics.errors import Stalled, Transient
from controller.model.event import Event, EventType

NOW = datetime(2030, 1, 1, tzinfo=UTC)
EVENT = Event(NOW, EventType.NORMAL, "Applied", "unit:a", "text")
HOLDER = """
import sys, pathlib
from controller.adapters.ledger.sqlite import SqliteLedger
held = SqliteLedger.open(pathlib.Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "ledger.db"


def tables(*scripts: str) -> list[tuple[str, str]]:
    connection = sqlite3.connect(":memory:")
    for script in scripts:
        connection.executescript(script)
    rows = connection.execute("SELECT name, sql FROM sqlite_schema ORDER BY name").fetchall()
    connection.close()
    return [(name, " ".join((sql or "").split())) for name, sql in rows]


async def written(path: Path, number: int) -> None:
    ledger = SqliteLedger.open(path)
    for _ in range(number):
        await ledger.append(EVENT)
    await ledger.close()


def tamper(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


async def broken_at(path: Path) -> int | None:
    ledger = SqliteLedger.open(path)
    try:
        return await ledger.verify_chain()
    finally:
        await ledger.close()


def test_the_schema_is_the_sum_of_the_migrations():
    assert tables(schema()) == tables(*(sql for _, sql in migrations()))


def test_migrations_are_numbered_without_a_gap():
    assert [number for number, _ in migrations()] == list(range(1, len(migrations()) + 1))


async def test_what_was_written_is_there_after_a_new_start(path: Path):
    await written(path, 3)
    ledger = SqliteLedger.open(path)
    assert [event.number for event in await ledger.events()] == [1, 2, 3]
    await ledger.close()


async def test_the_file_is_for_its_owner_alone_and_every_commit_is_synced(path: Path):
    ledger = SqliteLedger.open(path)
    for name in ("ledger.db", "ledger.db.lock", "ledger.db-wal"):
        assert stat.S_IMODE((path.parent / name).stat().st_mode) == 0o600
    pragmas = [
        ledger.connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "foreign_keys")
    ]
    assert pragmas == ["wal", 2, 1]
    await ledger.close()


def test_a_second_controller_is_told_who_holds_the_ledger(path: Path, tmp_path: Path):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        (tmp_path / "link.db").symlink_to(path)
        for name in (path, tmp_path / "link.db"):
            with pytest.raises(Stalled, match=f"process {holder.pid} has locked"):
                SqliteLedger.open(name)
        holder.kill()
    ledger = SqliteLedger.open(path)
    assert path.with_name("ledger.db.lock").read_text() == f"{os.getpid()}\n"
    asyncio.run(ledger.close())


async def test_a_closed_ledger_lets_the_next_one_in(path: Path):
    for _ in range(2):
        await SqliteLedger.open(path).close()


@pytest.mark.parametrize(
    "statement", ["UPDATE event SET body = '' WHERE number = 1", "DELETE FROM event"]
)
async def test_the_database_refuses_to_change_or_remove_an_event(path: Path, statement: str):
    await written(path, 2)
    with pytest.raises(sqlite3.IntegrityError, match="an event is never"):
        tamper(path, statement)


@pytest.mark.parametrize(
    ("statements", "number"),
    [
        (["UPDATE event SET body = replace(body, 'text', 'tex') WHERE number = 3"], 3),
        (["UPDATE event SET subject = 'unit:b' WHERE number = 2"], 2),
        (["DELETE FROM event WHERE number = 4"], 4),
        (["DELETE FROM event WHERE number = 6"], 6),
        (["DELETE FROM event"], 1),
        (["UPDATE event SET hash = 'x' WHERE number = 6"], 6),
        (["UPDATE event SET body = 'no json' WHERE number = 5"], 5),
        (["INSERT INTO event VALUES (7, 'unit:a', '{}', 'x')"], 7),
        (["DELETE FROM event_head"], 1),
        (["DELETE FROM event WHERE number = 2", "INSERT INTO event_gap VALUES (2, 2, 'x')"], 3),
        (["INSERT INTO event_gap SELECT 2, 3, hash FROM event WHERE number = 3"], 3),
    ],
)
async def test_whoever_changes_the_log_behind_our_back_is_found(
    path: Path, statements: list[str], number: int
):
    await written(path, 6)
    tamper(path, "DROP TRIGGER event_is_never_changed", "DROP TRIGGER event_is_never_removed")
    tamper(path, *statements)
    assert await broken_at(path) == number


async def test_a_file_of_a_newer_version_is_refused(path: Path):
    await written(path, 1)
    tamper(path, "PRAGMA user_version = 999")
    with pytest.raises(Stalled, match="newer Trueup"):
        SqliteLedger.open(path)
    tamper(path, f"PRAGMA user_version = {len(migrations())}")
    await SqliteLedger.open(path).close()


async def test_a_file_that_is_no_database_is_refused_and_left_alone(path: Path):
    path.parent.mkdir()
    path.write_bytes(b"something else entirely, and long enough\n" * 50)
    with pytest.raises(Stalled, match="damaged"):
        SqliteLedger.open(path)
    assert path.read_bytes().startswith(b"something else")


def test_a_folder_that_cannot_be_made_is_said_in_words(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Transient, match="cannot be opened"):
        SqliteLedger.open(tmp_path / "file" / "ledger.db")


async def test_a_value_that_cannot_be_read_is_said_in_words(path: Path):
    await SqliteLedger.open(path).close()
    tamper(path, "INSERT INTO stage VALUES ('shop/dev', '{\"name\": 1}')")
    ledger = SqliteLedger.open(path)
    with pytest.raises(Stalled, match="StageStatus that cannot be read: name"):
        await ledger.stages()
    await ledger.close()


async def test_a_reader_that_does_not_end_is_not_waited_for(path: Path):
    ledger = SqliteLedger.open(path)
    ledger.connection.execute("PRAGMA busy_timeout = 3600000")
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM fact").fetchall()
    await ledger.set_fact("head", "one")
    await ledger.give_back(100)
    assert ledger.connection.execute("PRAGMA busy_timeout").fetchone() == (3_600_000,)
    assert path.with_name("ledger.db-wal").stat().st_size > 0
    reader.close()
    await ledger.give_back(100)
    assert path.with_name("ledger.db-wal").stat().st_size == 0
    await ledger.close()


async def test_the_file_shrinks_when_events_were_forgotten_also_one_of_an_earlier_version(
    path: Path,
):
    await written(path, 1)
    tamper(path, "PRAGMA journal_mode = DELETE", "PRAGMA auto_vacuum = NONE", "VACUUM")
    ledger = SqliteLedger.open(path)
    for _ in range(300):
        await ledger.append(replace(EVENT, message="x" * 4000))
    await ledger.give_back(0)
    before = path.stat().st_size
    await ledger.forget_events(range(2, 301))
    assert await ledger.give_back(10) == 40_960
    freed = await ledger.give_back(10_000)
    assert freed > 1_000_000
    assert before - path.stat().st_size >= freed
    assert await ledger.verify_chain() is None
    await ledger.close()


@pytest.mark.parametrize(
    "query",
    [
        "SELECT body FROM event WHERE subject = 'a' AND number <= 9 ORDER BY number LIMIT 5",
        "SELECT number FROM event WHERE subject = 'a' ORDER BY number DESC LIMIT 1 OFFSET 100",
        "SELECT min(subject) FROM event WHERE subject > 'a'",
        "SELECT body FROM event WHERE number > 7 ORDER BY number ASC LIMIT 500",
        "SELECT coalesce(max(number), 0) + 1 FROM run WHERE subject = 'a'",
        "SELECT body FROM run WHERE ended = 0 ORDER BY id",
        "SELECT body FROM run WHERE subject = 'a' ORDER BY number DESC LIMIT 20",
        "SELECT body FROM step WHERE run = 'a' ORDER BY number",
        "SELECT body FROM release WHERE product = 'a' ORDER BY number DESC LIMIT 50",
        "SELECT body FROM approval WHERE stage = 'a' AND release = 'b' ORDER BY number",
        "DELETE FROM approval WHERE stage > 'a/' AND stage < 'a0' AND release = 'b'",
        "SELECT body FROM issuance WHERE is_open = 1 ORDER BY number DESC",
    ],
)
async def test_no_query_that_is_asked_often_reads_a_whole_table(path: Path, query: str):
    ledger = SqliteLedger.open(path)
    plan = [row[3] for row in ledger.connection.execute(f"EXPLAIN QUERY PLAN {query}")]
    await ledger.close()
    assert [step for step in plan if step.startswith("SCAN") and "USING" not in step] == []
