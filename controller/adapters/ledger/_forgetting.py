"""What is taken out of the ledger's file again: bounded, and each call in one transaction."""

import sqlite3
from collections.abc import Collection, Mapping, Sequence

from controller.adapters.ledger._database import Database
from controller.adapters.ledger._values import from_json
from controller.model.event import Event
from controller.model.names import Digest
from controller.model.retention import OldEvents


class Forgetting:
    """Removes rows, and gives the room back that they had."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def facts(self, facts: Mapping[str, str]) -> None:
        """Forget facts that still say what is given."""
        with self._database.writing() as sql:
            sql.executemany("DELETE FROM fact WHERE name = ? AND value = ?", list(facts.items()))

    def releases(self, product: str, digests: Collection[Digest]) -> None:
        """Forget releases of a product, and people's words for them."""
        # `/` and `0` follow each other: the stages of a product, by the index of the key.
        stages = (f"{product}/", f"{product}0")
        with self._database.writing() as sql:
            sql.executemany(
                "DELETE FROM release WHERE product = ? AND digest = ?",
                [(product, digest) for digest in digests],
            )
            sql.executemany(
                "DELETE FROM approval WHERE stage > ? AND stage < ? AND release = ?",
                [(*stages, digest) for digest in digests],
            )

    def subjects(self) -> Sequence[str]:
        """Give what events are told of: one step of the index each, however many events."""
        with self._database.reading() as sql:
            rows = sql.execute(
                "WITH RECURSIVE found(subject) AS ("
                " SELECT min(subject) FROM event UNION ALL"
                " SELECT (SELECT min(subject) FROM event WHERE subject > found.subject)"
                " FROM found WHERE found.subject IS NOT NULL)"
                " SELECT subject FROM found WHERE subject IS NOT NULL"
            ).fetchall()
        return [subject for (subject,) in rows]

    def old_events(self, subject: str, old: OldEvents, limit: int) -> Sequence[int]:
        """Give the numbers of old events of a subject, the oldest first."""
        with self._database.reading() as sql:
            floor = sql.execute(
                "SELECT number FROM event WHERE subject = ? ORDER BY number DESC LIMIT 1 OFFSET ?",
                (subject, old.newest),
            ).fetchone()
            if floor is None:
                return []
            rows = sql.execute(
                "SELECT body FROM event WHERE subject = ? AND number <= ? AND number < ?"
                " ORDER BY number LIMIT ?",
                (subject, floor[0], old.below, limit),
            ).fetchall()
        events = (from_json(Event, body) for (body,) in rows)
        return [event.number for event in events if event.at < old.before]

    def events(self, numbers: Collection[int]) -> None:
        """Forget events; their hashes go into gaps."""
        with self._database.writing() as sql:
            for number in sorted(numbers):
                found = sql.execute("SELECT hash FROM event WHERE number = ?", (number,)).fetchone()
                if found is not None:
                    _widen_gap(sql, number, found[0])
                    sql.execute("DELETE FROM event WHERE number = ?", (number,))

    def give_back(self, pages: int) -> int:
        """Shorten the file by pages that are free, and the journal beside it."""
        with self._database.reading() as sql:
            (size,) = sql.execute("PRAGMA page_size").fetchone()
            (free,) = sql.execute("PRAGMA freelist_count").fetchone()
            if free:
                # One step frees one page; only a script takes them all.
                sql.executescript(f"PRAGMA incremental_vacuum({int(pages)})")
            (left,) = sql.execute("PRAGMA freelist_count").fetchone()
            _shorten_journal(sql)
        return int(size) * (int(free) - int(left))


def _shorten_journal(sql: sqlite3.Connection) -> None:
    """Empty the journal, unless somebody reads the file with a program of his own just now."""
    (patience,) = sql.execute("PRAGMA busy_timeout").fetchone()
    sql.execute("PRAGMA busy_timeout = 0")  # all the controller would stand still meanwhile
    try:
        sql.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        sql.execute(f"PRAGMA busy_timeout = {int(patience)}")


def _widen_gap(sql: sqlite3.Connection, number: int, link: str) -> None:
    """Let a gap stand for one more event: a new one, or one beside it that grows."""
    before = sql.execute("SELECT first FROM event_gap WHERE last = ?", (number - 1,)).fetchone()
    after = sql.execute(
        "SELECT last, hash FROM event_gap WHERE first = ?", (number + 1,)
    ).fetchone()
    if after is not None:
        sql.execute("DELETE FROM event_gap WHERE first = ?", (number + 1,))
    last, end = after or (number, link)
    sql.execute(
        "INSERT OR REPLACE INTO event_gap (first, last, hash) VALUES (?, ?, ?)",
        (before[0] if before else number, last, end),
    )
