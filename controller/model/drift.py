"""What differs between what was applied and what is there."""

from dataclasses import dataclass
from datetime import datetime

from controller.model.names import UnitName
from controller.model.plan import ResourceChange


@dataclass(frozen=True, slots=True)
class Drift:
    """The result of one look: no changes means in sync at that time."""

    unit: UnitName
    looked_at: datetime
    changes: tuple[ResourceChange, ...] = ()

    def describe(self) -> str:
        """Name what was changed behind our back, in one stable line."""
        words = []
        for change in self.changes:
            names = ", ".join(attribute.path for attribute in change.attributes)
            words.append(
                f"{change.address} ({names})" if names else f"{change.address} {change.action}"
            )
        return "; ".join(sorted(words)) or "in sync"
