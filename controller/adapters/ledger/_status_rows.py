"""The statuses of units and secrets: read once from the file, then from memory; written to both.

The one process that owns the file is the only one that writes it, so what was read stays true. A
thousand units are asked for thousands of times in each commit, and a thousand secrets every ten
minutes; reading their JSON anew was most of what a commit cost.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from controller.adapters.ledger._database import Database
from controller.adapters.ledger._values import from_json, to_json
from controller.model.status import SecretStatus, UnitStatus

Status = TypeVar("Status", UnitStatus, SecretStatus)


@dataclass(frozen=True, slots=True)
class Table(Generic[Status]):
    """A table of statuses by name and stage."""

    kind: type[Status]
    one: str
    names: str
    put: str
    remove: str
    is_soft: bool = False
    """Whether a power cut may take the last of them."""


UNITS: Final[Table[UnitStatus]] = Table(
    UnitStatus,
    "SELECT body FROM unit WHERE name = ?",
    "SELECT stage, name FROM unit ORDER BY stage, name",
    "INSERT OR REPLACE INTO unit (name, stage, body) VALUES (?, ?, ?)",
    "DELETE FROM unit WHERE name = ?",
    is_soft=True,
)
SECRETS: Final[Table[SecretStatus]] = Table(
    SecretStatus,
    "SELECT body FROM secret WHERE name = ?",
    "SELECT stage, name FROM secret ORDER BY stage, name",
    "INSERT OR REPLACE INTO secret (name, stage, body) VALUES (?, ?, ?)",
    "DELETE FROM secret WHERE name = ?",
)


class StatusRows(Generic[Status]):
    """The rows of a table with what was read of it."""

    def __init__(self, database: Database, table: Table[Status]) -> None:
        self._database = database
        self._table: Table[Status] = table
        self._known: dict[str, Status] = {}
        self._names: dict[str, list[str]] | None = None

    def find(self, name: str) -> Status | None:
        """Give one; None when there is none. Raises Stalled when it cannot be read."""
        found = self._known.get(name)
        if found is None:
            with self._database.reading() as sql:
                row = sql.execute(self._table.one, (name,)).fetchone()
            if row is None:
                return None
            found = self._known[name] = from_json(self._table.kind, row[0])
        return found

    def of(self, stage: str | None) -> Sequence[Status]:
        """Give those of a stage, or all, by name."""
        stages = self._by_stage()
        names = sorted(n for each in stages.values() for n in each) if stage is None else (
            stages.get(stage, ())
        )  # fmt: skip
        return [found for name in names if (found := self.find(name)) is not None]

    def put(self, statuses: Iterable[Status]) -> None:
        """Write them in one transaction; memory follows once they are on the disk."""
        given = {str(status.name): status for status in statuses}
        if not given:
            return
        table = self._table
        with self._database.writing(soft=table.is_soft) as sql:
            sql.executemany(
                table.put,
                [
                    (name, str(status.name.stage), to_json(table.kind, status))
                    for name, status in given.items()
                ],
            )
        if not given.keys() <= self._known.keys():
            self._names = None
        self._known.update(given)

    def remove(self, name: str) -> None:
        """Forget one."""
        with self._database.writing() as sql:
            sql.execute(self._table.remove, (name,))
        self._known.pop(name, None)
        self._names = None

    def _by_stage(self) -> dict[str, list[str]]:
        if self._names is None:
            with self._database.reading() as sql:
                rows = sql.execute(self._table.names).fetchall()
            names: dict[str, list[str]] = {}
            for stage, name in rows:
                names.setdefault(stage, []).append(name)
            self._names = names
        return self._names
