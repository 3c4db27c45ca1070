"""The statuses of units: read once from the file, then from memory, and written to both.

The one process that owns the file is the only one that writes it, so what was read stays true. A
thousand units are asked for thousands of times in each commit; reading their JSON anew was most of
what a commit cost.
"""

from collections.abc import Iterable, Sequence

from controller.adapters.ledger._database import Database
from controller.adapters.ledger._values import from_json, to_json
from controller.model.status import UnitStatus


class UnitRows:
    """The table `unit` with what was read of it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, UnitStatus] = {}
        self._names: dict[str, list[str]] | None = None

    def find(self, name: str) -> UnitStatus | None:
        """Give one; None when there is none. Raises Stalled when it cannot be read."""
        found = self._known.get(name)
        if found is None:
            with self._database.reading() as sql:
                row = sql.execute("SELECT body FROM unit WHERE name = ?", (name,)).fetchone()
            if row is None:
                return None
            found = self._known[name] = from_json(UnitStatus, row[0])
        return found

    def of(self, stage: str | None) -> Sequence[UnitStatus]:
        """Give those of a stage, or all, by name."""
        stages = self._by_stage()
        names = sorted(n for each in stages.values() for n in each) if stage is None else (
            stages.get(stage, ())
        )  # fmt: skip
        return [found for name in names if (found := self.find(name)) is not None]

    def put(self, statuses: Iterable[UnitStatus]) -> None:
        """Write them in one transaction; memory follows once they are on the disk."""
        given = {str(status.name): status for status in statuses}
        if not given:
            return
        with self._database.writing(soft=True) as sql:
            sql.executemany(
                "INSERT OR REPLACE INTO unit (name, stage, body) VALUES (?, ?, ?)",
                [
                    (name, str(status.name.stage), to_json(UnitStatus, status))
                    for name, status in given.items()
                ],
            )
        if not given.keys() <= self._known.keys():
            self._names = None
        self._known.update(given)

    def remove(self, name: str) -> None:
        """Forget one."""
        with self._database.writing() as sql:
            sql.execute("DELETE FROM unit WHERE name = ?", (name,))
        self._known.pop(name, None)
        self._names = None

    def _by_stage(self) -> dict[str, list[str]]:
        if self._names is None:
            with self._database.reading() as sql:
                rows = sql.execute("SELECT stage, name FROM unit ORDER BY stage, name").fetchall()
            names: dict[str, list[str]] = {}
            for stage, name in rows:
                names.setdefault(stage, []).append(name)
            self._names = names
        return self._names
