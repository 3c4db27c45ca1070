"""A drill: everything that an owner or a label holds is rotated now, and how far that is."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Drill:
    """What somebody asked for; each secret's own record tells how far it is."""

    id: str
    at: datetime
    by: str
    selector: str
    """`owner=…`, `label:key=value` or `all`."""
    secrets: tuple[str, ...]
    at_once: bool = False
    """Whether old values end without a grace, and without a word of consumers."""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class DrillRow:
    """One secret of a drill."""

    secret: str
    owner: str
    state: str
    """`waits`, `rotating`, `delivered` (the old one still counts), `done`, or `by hand`."""
    generation: int
    message: str


@dataclass(frozen=True, slots=True)
class DrillView:
    """A drill with its rows, as API and command line show it."""

    id: str
    at: datetime
    by: str
    selector: str
    reason: str
    rows: tuple[DrillRow, ...]
    at_once: bool = False

    @property
    def is_over(self) -> bool:
        """Whether everything is done that a controller can do."""
        return all(row.state in {"done", "by hand"} for row in self.rows)
