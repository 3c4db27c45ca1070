"""The dispatcher's table in SQLite, on the connection of the process that owns the file."""

import contextlib
import itertools
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from importlib import resources

from controller.adapters.dispatcher._store import Again, Busy, GroupOf, Planned, Turn
from controller.diagnostics.errors import Transient

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_COLUMNS = "key, lane, subject, member_of, due, priority, attempts"

_WAKE = """
INSERT INTO wakeup (key, lane, subject, member_of, due, priority, number)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE
SET due = min(due, excluded.due), priority = max(priority, excluded.priority)
WHERE excluded.due < due OR excluded.priority > priority
"""
_WAKE_AGAIN = """
UPDATE wakeup
SET again_due = min(coalesce(again_due, :due), :due),
    again_priority = max(again_priority, :priority)
WHERE key = :key AND (
  again_due IS NULL OR again_due > :due OR again_priority < :priority
)
"""
_ARE_MANY_DUE = "SELECT count(*) = 100 FROM (SELECT 1 FROM wakeup WHERE due <= ? LIMIT 100)"


def _next_ready(index: str) -> str:
    return f"""
    SELECT {_COLUMNS} FROM wakeup INDEXED BY {index}
    WHERE due <= :now
      AND subject NOT IN (SELECT value FROM json_each(:subjects))
      AND lane NOT IN (SELECT value FROM json_each(:lanes))
      AND (member_of IS NULL OR member_of NOT IN (SELECT value FROM json_each(:groups)))
    ORDER BY priority DESC, due, number LIMIT 1
    """  # noqa: S608 - fixed words


# Few due keys among many planned ones are sorted; of many due ones the first that fits in
# the order ends the search. Either alone costs milliseconds with 10,000 keys.
_NEXT_OF_FEW = _next_ready("wakeup_due")
_NEXT_OF_MANY = _next_ready("wakeup_order")

_PLAN_NEXT = """
UPDATE wakeup
SET due = min(coalesce(:due, again_due), coalesce(again_due, :due)),
    priority = max(:priority, CASE WHEN again_due IS NULL THEN :priority ELSE again_priority END),
    attempts = :attempts,
    number = :number,
    again_due = NULL,
    again_priority = 0
WHERE key = :key
"""


class SqliteWakeups:
    """Implements `WakeupStore` over a connection that nothing else writes through meanwhile.

    Writes survive a kill; those of the last moments before a power cut may be lost. A controller
    that starts wakes everything that it knows, so nobody waits for the disk here.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Make the table when it is not there; the connection's isolation level must be None."""
        self._connection = connection
        sql = resources.files("controller.adapters.dispatcher") / "sql" / "schema.sql"
        with _in_words():
            connection.executescript(
                f"BEGIN IMMEDIATE;\n{sql.read_text(encoding='utf-8')}\nCOMMIT;"
            )
            query = "SELECT coalesce(max(number), 0) + 1 FROM wakeup"
            (first,) = connection.execute(query).fetchone()
        self._numbers = itertools.count(first)

    def regroup(self, group_of: GroupOf) -> None:
        """Recompute every key's group."""
        with self._writing() as sql:
            rows = sql.execute("SELECT key, member_of FROM wakeup").fetchall()
            changed = [(group_of(key), key) for key, before in rows if group_of(key) != before]
            sql.executemany("UPDATE wakeup SET member_of = ? WHERE key = ?", changed)

    def wake(self, wishes: Iterable[Planned], again: Iterable[Again] = ()) -> None:
        """Plan keys, and note wake-ups of keys that are worked on, in one transaction."""
        rows = [
            (w.key, w.lane, w.subject, w.group, _number(w.due), w.priority, next(self._numbers))
            for w in wishes
        ]
        noted = [{"key": a.key, "due": _number(a.due), "priority": a.priority} for a in again]
        with self._writing() as sql:
            sql.executemany(_WAKE, rows)
            sql.executemany(_WAKE_AGAIN, noted)

    def next_ready(self, now: datetime, busy: Busy) -> Planned | None:
        """Give the key to work on next."""
        given = {
            "now": _number(now),
            "subjects": json.dumps(list(busy.subjects)),
            "lanes": json.dumps(list(busy.lanes)),
            "groups": json.dumps(list(busy.groups)),
        }
        with _in_words():
            (many,) = self._connection.execute(_ARE_MANY_DUE, (given["now"],)).fetchone()
            query = _NEXT_OF_MANY if many else _NEXT_OF_FEW
            row = self._connection.execute(query, given).fetchone()
        return None if row is None else _planned(row)

    def finish(self, key: str, turn: Turn) -> None:
        """Plan the next turn of a key, or forget it."""
        due = None if turn.due is None else _number(turn.due)
        given = {
            "key": key,
            "due": due,
            "priority": turn.priority,
            "attempts": turn.attempts,
            "number": next(self._numbers),
        }
        with self._writing() as sql:
            if due is None:
                sql.execute("DELETE FROM wakeup WHERE key = ? AND again_due IS NULL", (key,))
            sql.execute(_PLAN_NEXT, given)

    def set_back(self, by: timedelta) -> None:
        """Plan every key so much sooner."""
        sooner = by // _MICROSECOND
        with self._writing() as sql:
            sql.execute(
                "UPDATE wakeup SET due = due - :by, again_due = again_due - :by", {"by": sooner}
            )

    def forget(self, key: str) -> None:
        """Forget a key; one that is not there is no error."""
        with self._writing() as sql:
            sql.execute("DELETE FROM wakeup WHERE key = ?", (key,))

    def next_due(self, now: datetime) -> datetime | None:
        """Give the soonest due time after `now`."""
        query = "SELECT min(due) FROM wakeup WHERE due > ?"
        with _in_words():
            (due,) = self._connection.execute(query, (_number(now),)).fetchone()
        return None if due is None else _instant(due)

    def has_due(self, now: datetime) -> bool:
        """Tell whether any key is due."""
        query = "SELECT EXISTS (SELECT 1 FROM wakeup WHERE due <= ?)"
        with _in_words():
            (found,) = self._connection.execute(query, (_number(now),)).fetchone()
        return bool(found)

    def planned(self) -> Sequence[Planned]:
        """Give every key, the soonest first."""
        query = f"SELECT {_COLUMNS} FROM wakeup ORDER BY due, number"  # noqa: S608 - fixed words
        with _in_words():
            rows = self._connection.execute(query).fetchall()
        return [_planned(row) for row in rows]

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with _in_words():
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise


@contextlib.contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise Transient.because(
            f"the dispatcher's table cannot be used now: {error}",
            hint="look at the free space and the permissions of the ledger's folder",
            code="dispatcher/unusable",
        ) from error


def _planned(row: tuple[str, str, str, str | None, int, int, int]) -> Planned:
    key, lane, subject, group, due, priority, attempts = row
    return Planned(key, lane, subject, group, _instant(due), priority, attempts)


def _number(instant: datetime) -> int:
    return (instant - _EPOCH) // _MICROSECOND


def _instant(number: int) -> datetime:
    return _EPOCH + number * _MICROSECOND
