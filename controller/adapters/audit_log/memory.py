"""A log in memory, written by hand."""

from collections.abc import Sequence
from datetime import datetime

from controller.diagnostics.errors import Stalled
from controller.model.audit import AuditRecord


class MemoryAuditLog:
    """Implements `AuditLog` over a list; `missing` holds a reason while there is no log."""

    def __init__(self, records: Sequence[AuditRecord] = ()) -> None:
        self.records = list(records)
        self.missing = ""

    async def changes_of(
        self, names: frozenset[str], *, since: datetime, until: datetime
    ) -> Sequence[AuditRecord]:
        """See the port."""
        if self.missing:
            raise Stalled.because(self.missing)
        found = (each for each in self.records if each.thing in names)
        return sorted(
            (each for each in found if since <= each.at <= until), key=lambda each: each.at
        )
