"""A log of the provider: who changed what, when."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from controller.model.audit import AuditRecord


class AuditLog(Protocol):
    """Reads what a provider has written down. Logs come late: what is missing may come yet."""

    async def changes_of(
        self, names: frozenset[str], *, since: datetime, until: datetime
    ) -> Sequence[AuditRecord]:
        """Give the changes of things that bear one of the names, the oldest first.

        Reads of a thing are left out; refused changes are marked. An entry that cannot be read is
        passed over. Raises Stalled when there is no log where there should be one.
        """
