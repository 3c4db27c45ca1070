"""The SQLite file below a ledger: one owner, an up-to-date schema, errors in words."""

import contextlib
import fcntl
import os
import re
import sqlite3
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Self

from controller.diagnostics.errors import Stalled, Transient

_MIGRATION = re.compile(r"(\d{4})-[a-z0-9-]+\.sql")
_SQL = resources.files("controller.adapters.ledger") / "sql"


class OwnerLock:
    """The proof that no other controller uses this file: a lock that ends with its process."""

    def __init__(self, path: Path) -> None:
        """Take the lock. Raises Stalled, naming the process that holds it."""
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(self._descriptor, 20, 0).decode(errors="replace").strip()
            os.close(self._descriptor)
            raise Stalled.because(
                f"another controller uses this ledger: process {holder or 'unknown'} has locked"
                f" `{path}`",
                hint="stop that controller first, or give this one another folder",
                code="ledger/held",
            ) from error
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let the next one in. The file stays: removing it would let two in."""
        os.close(self._descriptor)


def migrations() -> list[tuple[int, str]]:
    """Give the numbered migrations in order, with their SQL."""
    return sorted(
        (int(match[1]), entry.read_text(encoding="utf-8"))
        for entry in (_SQL / "migrations").iterdir()
        if (match := _MIGRATION.fullmatch(entry.name))
    )


def schema() -> str:
    """Give the schema as it is after every migration, for people to read and tests to compare."""
    return (_SQL / "schema.sql").read_text(encoding="utf-8")


class Database:
    """An SQLite file in WAL mode, owned by this process alone."""

    def __init__(self, connection: sqlite3.Connection, lock: OwnerLock) -> None:
        self.connection = connection
        self._lock = lock

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open or make the file and bring its schema up to date.

        Raises Stalled when another controller holds it, when it is no ledger, or when a newer
        Trueup wrote it; Transient when the disk does not let us.
        """
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = path.resolve()  # two names of one file must meet at one lock
            lock = OwnerLock(path.with_name(path.name + ".lock"))
        except OSError as error:
            raise Transient.because(
                f"the ledger `{path}` cannot be opened: {error.strerror or error}",
                hint="look at the permissions and the free space of that folder",
                code="ledger/unusable",
            ) from error
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            with _in_words(path):
                return cls(_connect(path), lock)
        except BaseException:
            lock.release()
            raise

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Read; errors come in words."""
        with _in_words(self.connection):
            yield self.connection

    @contextlib.contextmanager
    def writing(self, *, soft: bool = False) -> Iterator[sqlite3.Connection]:
        """Write in one transaction: on the disk when this ends, undone when it fails.

        A soft one outlives this process, however it ends, but not a power cut before the next one
        that is not soft: nobody waits for the disk. Of what a power cut takes, it takes the last.
        """
        with _in_words(self.connection):
            self.connection.execute(f"PRAGMA synchronous = {'NORMAL' if soft else 'FULL'}")
            with _transaction(self.connection):
                yield self.connection

    def close(self) -> None:
        """Close the file and let the next one in."""
        self.connection.close()
        self._lock.release()


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, timeout=10.0)
    try:
        _let_it_shrink(connection)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA trusted_schema = OFF")
        _migrate(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


_INCREMENTAL = 2


def _let_it_shrink(connection: sqlite3.Connection) -> None:
    """Have freed pages be given back when they are asked for.

    A file of an earlier version is written anew for that, once; killed in between, it is as before.
    """
    (mode,) = connection.execute("PRAGMA auto_vacuum").fetchone()
    if mode == _INCREMENTAL:
        return
    connection.execute(f"PRAGMA auto_vacuum = {_INCREMENTAL}")
    if connection.execute("PRAGMA user_version").fetchone()[0]:
        connection.execute("VACUUM")


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    steps = migrations()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > steps[-1][0]:
        raise Stalled.because(
            f"a newer Trueup wrote the ledger `{path}`: its schema is {version}, and this one knows"
            f" {steps[-1][0]}",
            hint="run the newer version, or restore a backup made before it",
            code="ledger/newer",
        )
    for number, sql in steps:
        if number > version:
            # `executescript` would commit on its own: hence one script with its own transaction.
            connection.executescript(
                f"BEGIN IMMEDIATE;\n{sql}\nPRAGMA user_version = {number};\nCOMMIT;"
            )


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextlib.contextmanager
def _in_words(where: Path | sqlite3.Connection) -> Iterator[None]:
    """Say what SQLite says as one of our errors: the disk's faults pass, a broken file stays."""
    try:
        yield
    except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
        raise  # ours: a wrong statement, or a ledger used after it was closed
    except sqlite3.OperationalError as error:
        raise Transient.because(
            f"the ledger{_named(where)} cannot be used now: {error}",
            hint="look at the free space and the permissions of its folder",
            code="ledger/unusable",
        ) from error
    except sqlite3.DatabaseError as error:
        raise Stalled.because(
            f"the ledger{_named(where)} is damaged: {error}",
            hint="restore it from a backup, or start anew: it holds no pointer and no state",
            code="ledger/damaged",
        ) from error


def _named(where: Path | sqlite3.Connection) -> str:
    return f" `{where}`" if isinstance(where, Path) else ""
