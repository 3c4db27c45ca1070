"""The ledger in one SQLite file; `_database.py` says how it is opened and owned."""

import asyncio
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Self, TypeVar

from controller.adapters.ledger._chain import GENESIS, ChainEnd, Gap, Link, link_hash
from controller.adapters.ledger._database import Database
from controller.adapters.ledger._forgetting import Forgetting
from controller.adapters.ledger._runs import RUNS_KEPT, no_such_run, run_id
from controller.adapters.ledger._status_rows import SECRETS, UNITS, StatusRows
from controller.adapters.ledger._values import from_json, to_json
from controller.diagnostics.diagnostic import Diagnostic
from controller.model.decision import Approval
from controller.model.event import Event
from controller.model.issuance import Issuance
from controller.model.names import Commit, Digest, SecretName, StageName, UnitName
from controller.model.release import Release
from controller.model.retention import OldEvents
from controller.model.status import JournalStep, Run, SecretStatus, StageStatus, UnitStatus

Value = TypeVar("Value")

_CHAIN_BATCH = 1000


class SqliteLedger:
    """Statuses, events, runs, approvals and findings; each write survives a kill once it returns.

    Statuses of units and the journal of runs may be lost when the machine itself goes down: a start
    looks at every unit anew, and then no engine's process is left that the journal could name.

    Every method may be called from the thread that opened the ledger, takes about a millisecond,
    and raises Transient when the disk does not let us, Stalled when the file is damaged.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._units = StatusRows(database, UNITS)
        self._secrets = StatusRows(database, SECRETS)
        self._forgetting = Forgetting(database)
        self._facts: dict[str, str] | None = None
        """All of them once one was asked for: nobody else writes the file (see `StatusRows`)."""

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open or make the ledger. Raises Stalled when another controller holds it."""
        return cls(Database.open(path))

    @property
    def connection(self) -> sqlite3.Connection:
        """The connection of the one owner, for the dispatcher's table in the same file."""
        return self._database.connection

    async def close(self) -> None:
        """Close the file and let the next controller in."""
        self._database.close()

    # Statuses

    async def unit(self, name: UnitName) -> UnitStatus | None:
        """Give the status of a unit; None when there is none."""
        return self._units.find(str(name))

    async def units(self, stage: StageName | None = None) -> Sequence[UnitStatus]:
        """Give the units of a stage, or all, by name."""
        return self._units.of(None if stage is None else str(stage))

    async def put_unit(self, status: UnitStatus) -> None:
        """Write a unit's status over the one before."""
        self._units.put([status])

    async def put_units(self, statuses: Sequence[UnitStatus]) -> None:
        """Write many statuses in one transaction."""
        self._units.put(statuses)

    async def remove_unit(self, name: UnitName) -> None:
        """Forget a unit; one that is not there is no error."""
        self._units.remove(str(name))

    async def stage(self, name: StageName) -> StageStatus | None:
        """Give the status of a stage; None when there is none."""
        return self._one(StageStatus, "SELECT body FROM stage WHERE name = ?", str(name))

    async def stages(self) -> Sequence[StageStatus]:
        """Give all stages, by name."""
        return self._all(StageStatus, "SELECT body FROM stage ORDER BY name")

    async def put_stage(self, status: StageStatus) -> None:
        """Write a stage's status over the one before."""
        self._write(
            "INSERT OR REPLACE INTO stage (name, body) VALUES (?, ?)",
            str(status.name),
            to_json(StageStatus, status),
        )

    async def secret(self, name: SecretName) -> SecretStatus | None:
        """Give the status of a secret; None when there is none."""
        return self._secrets.find(str(name))

    async def secrets(self, stage: StageName | None = None) -> Sequence[SecretStatus]:
        """Give the secrets of a stage, or all, by name."""
        return self._secrets.of(None if stage is None else str(stage))

    async def put_secret(self, status: SecretStatus) -> None:
        """Write a secret's status over the one before."""
        self._secrets.put([status])

    # Events

    async def append(self, event: Event) -> Event:
        """Store an event at the end of the chain and give it with its number."""
        with self._database.writing() as sql:
            return _append(sql, event)

    async def events(
        self, *, subject: str | None = None, after: int = 0, limit: int = 200
    ) -> Sequence[Event]:
        """Give events, the oldest first: those after a number, or the newest `limit` of them."""
        order = "ASC" if after else "DESC"
        about = "AND subject = ?" if subject is not None else ""
        query = f"SELECT body FROM event WHERE number > ? {about} ORDER BY number {order} LIMIT ?"  # noqa: S608 - fixed words
        given = [after, *([subject] if subject is not None else []), limit]
        found = self._all(Event, query, *given)
        return found if after else found[::-1]

    async def verify_chain(self) -> int | None:
        """Recompute the chain; the number of the first event that does not fit, or None."""
        end = ChainEnd()
        while end.broken is None:
            with self._database.reading() as sql:
                rows = sql.execute(
                    "SELECT number, 0, subject, body, hash FROM event WHERE number > ?1"
                    " UNION ALL SELECT first, last, '', '', hash FROM event_gap WHERE first > ?1"
                    " ORDER BY 1, 2 LIMIT ?2",
                    (end.number, _CHAIN_BATCH),
                ).fetchall()
                head = sql.execute("SELECT number, hash FROM event_head").fetchone()
            if not rows:
                return end.compare(*(head or (0, GENESIS)))
            end = end.after(
                Gap(number, last, link) if last else Link(number, subject, body, link)
                for number, last, subject, body, link in rows
            )
            await asyncio.sleep(0)  # a long log must not stop the rest of the controller
        return end.broken

    # Requests for credentials

    async def issuance(self, request: str) -> Issuance | None:
        """Give a request by its id; None when there is none."""
        return self._one(Issuance, "SELECT body FROM issuance WHERE id = ?", request)

    async def issuances(self, *, is_open: bool = False, limit: int = 200) -> Sequence[Issuance]:
        """Give requests, the newest first: the last few, or all that are not over."""
        if is_open:
            query = "SELECT body FROM issuance WHERE is_open = 1 ORDER BY number DESC"
            return self._all(Issuance, query)
        query = "SELECT body FROM issuance ORDER BY number DESC LIMIT ?"
        return self._all(Issuance, query, limit)

    async def put_issuance(self, row: Issuance, events: Sequence[Event]) -> None:
        """Write a row over the one before, and its events, in one transaction."""
        with self._database.writing() as sql:
            sql.execute(
                "INSERT INTO issuance (id, number, is_open, body) VALUES (?1,"
                " (SELECT coalesce(max(number), 0) + 1 FROM issuance), ?2, ?3)"
                " ON CONFLICT (id) DO UPDATE SET is_open = excluded.is_open, body = excluded.body",
                (row.id, int(not row.phase.is_final), to_json(Issuance, row)),
            )
            for event in events:
                _append(sql, event)

    # Runs

    async def begin_run(self, subject: str, revision: str, at: datetime) -> Run:
        """Open the next attempt for (subject, revision); forgets its oldest ended runs."""
        with self._database.writing(soft=True) as sql:
            (number,) = sql.execute(
                "SELECT coalesce(max(number), 0) + 1 FROM run WHERE subject = ?", (subject,)
            ).fetchone()
            (attempt,) = sql.execute(
                "SELECT coalesce(max(attempt), 0) + 1 FROM run WHERE subject = ? AND revision = ?",
                (subject, revision),
            ).fetchone()
            run = Run(run_id(subject, number), subject, revision, attempt, at)
            sql.execute(
                "INSERT INTO run (id, subject, number, revision, attempt, body)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (run.id, subject, number, revision, attempt, to_json(Run, run)),
            )
            sql.execute(
                "DELETE FROM run WHERE subject = ? AND number <= ? AND ended = 1",
                (subject, number - RUNS_KEPT),
            )
        return run

    async def end_run(self, run: str, result: str, at: datetime) -> None:
        """Close a run; the first result of a run stands. Raises Bug when there is no such run."""
        with self._database.writing(soft=True) as sql:
            row = sql.execute("SELECT body, ended FROM run WHERE id = ?", (run,)).fetchone()
            if row is None:
                raise no_such_run(run)
            if not row[1]:
                ended = replace(from_json(Run, row[0]), ended_at=at, result=result)
                sql.execute(
                    "UPDATE run SET ended = 1, body = ? WHERE id = ?", (to_json(Run, ended), run)
                )

    async def write_step(self, step: JournalStep) -> None:
        """Record a step's latest state, one row a (run, step). Raises Bug without such a run."""
        try:
            self._write(
                "INSERT INTO step (run, step, number, body) VALUES (?1, ?2,"
                " (SELECT coalesce(max(number), 0) + 1 FROM step WHERE run = ?1), ?3)"
                " ON CONFLICT (run, step) DO UPDATE SET body = excluded.body",
                step.run,
                step.step,
                to_json(JournalStep, step),
                soft=True,
            )
        except sqlite3.IntegrityError as error:
            raise no_such_run(step.run) from error

    async def open_runs(self) -> Sequence[Run]:
        """Give the runs that were begun and not ended, by id, with their steps."""
        return self._with_steps(
            self._all(Run, "SELECT body FROM run WHERE ended = 0 ORDER BY id"),
        )

    async def runs(self, subject: str, limit: int = 20) -> Sequence[Run]:
        """Give the latest runs of a subject with their steps, the newest first."""
        return self._with_steps(
            self._all(
                Run,
                "SELECT body FROM run WHERE subject = ? ORDER BY number DESC LIMIT ?",
                subject,
                limit,
            )
        )

    def _with_steps(self, runs: Iterable[Run]) -> Sequence[Run]:
        query = "SELECT body FROM step WHERE run = ? ORDER BY number"
        return [replace(run, steps=tuple(self._all(JournalStep, query, run.id))) for run in runs]

    # Decisions

    async def put_release(self, release: Release) -> Release:
        """Remember a release; gives the one that was first seen with this digest."""
        with self._database.writing() as sql:
            sql.execute(
                "INSERT OR IGNORE INTO release (product, digest, body) VALUES (?, ?, ?)",
                (release.product, release.digest, to_json(Release, release)),
            )
            (body,) = sql.execute(
                "SELECT body FROM release WHERE product = ? AND digest = ?",
                (release.product, release.digest),
            ).fetchone()
        return from_json(Release, body)

    async def release(self, product: str, digest: Digest) -> Release | None:
        """Give a release that was seen, by its digest; None when it was not."""
        query = "SELECT body FROM release WHERE product = ? AND digest = ?"
        return self._one(Release, query, product, digest)

    async def releases(self, product: str, limit: int = 50) -> Sequence[Release]:
        """Give a product's releases, the newest first."""
        query = "SELECT body FROM release WHERE product = ? ORDER BY number DESC LIMIT ?"
        return self._all(Release, query, product, limit)

    async def put_approval(self, approval: Approval) -> None:
        """Keep a person's word; a second word of the same person replaces the first."""
        self._write(
            "INSERT INTO approval (stage, release, person, number, body) VALUES (?, ?, ?,"
            " (SELECT coalesce(max(number), 0) + 1 FROM approval), ?)"
            " ON CONFLICT (stage, release, person) DO UPDATE SET body = excluded.body",
            str(approval.stage),
            approval.release,
            approval.by,
            to_json(Approval, approval),
        )

    async def approvals(self, stage: StageName, release: Digest) -> Sequence[Approval]:
        """Give the words for a release in a stage, the first given first."""
        query = "SELECT body FROM approval WHERE stage = ? AND release = ? ORDER BY number"
        return self._all(Approval, query, str(stage), release)

    async def put_findings(self, scope: str, commit: Commit, found: Sequence[Diagnostic]) -> None:
        """Replace the findings of a scope."""
        with self._database.writing() as sql:
            sql.execute("DELETE FROM finding WHERE scope = ?", (scope,))
            sql.executemany(
                "INSERT INTO finding (scope, number, commit_id, body) VALUES (?, ?, ?, ?)",
                [
                    (scope, number, commit, to_json(Diagnostic, diagnostic))
                    for number, diagnostic in enumerate(found)
                ],
            )

    async def findings(self) -> Sequence[tuple[str, Diagnostic]]:
        """Give all findings with their scope, by scope, in the order they were put."""
        with self._database.reading() as sql:
            rows = sql.execute("SELECT scope, body FROM finding ORDER BY scope, number").fetchall()
        return [(scope, from_json(Diagnostic, body)) for scope, body in rows]

    async def set_fact(self, name: str, value: str) -> None:
        """Keep one small text by name."""
        self._write("INSERT OR REPLACE INTO fact (name, value) VALUES (?, ?)", name, value)
        if self._facts is not None:
            self._facts[name] = value

    async def fact(self, name: str) -> str | None:
        """Give a text by name; None when it was never set."""
        return self._read_facts().get(name)

    def _read_facts(self) -> dict[str, str]:
        if self._facts is None:
            with self._database.reading() as sql:
                self._facts = dict(sql.execute("SELECT name, value FROM fact").fetchall())
        return self._facts

    # What nobody needs any more

    async def facts(self, *prefixes: str) -> Mapping[str, str]:
        """Give all facts whose names begin with one of the prefixes; without any, all."""
        begins = prefixes or ("",)
        return {n: value for n, value in self._read_facts().items() if n.startswith(begins)}

    async def forget_facts(self, facts: Mapping[str, str]) -> None:
        """Forget facts that still say what is given."""
        self._forgetting.facts(facts)
        self._facts = None

    async def event_subjects(self) -> Sequence[str]:
        """Give what events are told of."""
        return self._forgetting.subjects()

    async def old_events(self, subject: str, old: OldEvents, limit: int) -> Sequence[int]:
        """Give the numbers of old events of a subject, the oldest first."""
        return self._forgetting.old_events(subject, old, limit)

    async def forget_events(self, numbers: Collection[int]) -> None:
        """Forget events; gaps stand for them in the chain."""
        self._forgetting.events(numbers)

    async def forget_releases(self, product: str, digests: Collection[Digest]) -> None:
        """Forget releases of a product, and the words of people for them."""
        self._forgetting.releases(product, digests)

    async def give_back(self, pages: int) -> int:
        """Give up to so many freed pages back to the disk; tells how many bytes that were."""
        return self._forgetting.give_back(pages)

    def _one(self, kind: type[Value], query: str, *given: object) -> Value | None:
        found = self._all(kind, query, *given)
        return found[0] if found else None

    def _all(self, kind: type[Value], query: str, *given: object) -> list[Value]:
        with self._database.reading() as sql:
            rows = sql.execute(query, given).fetchall()
        return [from_json(kind, body) for (body,) in rows]

    def _write(self, statement: str, *given: object, soft: bool = False) -> None:
        with self._database.writing(soft=soft) as sql:
            sql.execute(statement, given)


def _append(sql: sqlite3.Connection, event: Event) -> Event:
    """Store an event behind the last one, within a transaction."""
    head = sql.execute("SELECT number, hash FROM event_head").fetchone()
    number, previous = head or (0, GENESIS)
    stored = replace(event, number=number + 1)
    body = to_json(Event, stored)
    link = link_hash(previous, body)
    sql.execute(
        "INSERT INTO event (number, subject, body, hash) VALUES (?, ?, ?, ?)",
        (stored.number, stored.subject, body, link),
    )
    sql.execute(
        "INSERT OR REPLACE INTO event_head (one, number, hash) VALUES (1, ?, ?)",
        (stored.number, link),
    )
    return stored
