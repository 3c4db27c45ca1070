"""What the in-process dispatcher needs of its table."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

GroupOf = Callable[[str], str | None]
"""The group that a key counts in, as its environment; None: in no group."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A key that is due or will be."""

    key: str
    lane: str
    subject: str
    group: str | None
    due: datetime
    priority: int = 0
    attempts: int = 0
    """Failures in a row."""


@dataclass(frozen=True, slots=True)
class Again:
    """A wake-up of a key that is worked on."""

    key: str
    due: datetime
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Busy:
    """What may not be started now."""

    subjects: Collection[str] = ()
    lanes: Collection[str] = ()
    groups: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Turn:
    """How a turn of work ended: when to come again (None: only when woken), and the failures."""

    due: datetime | None
    attempts: int = 0
    priority: int = 0


class WakeupStore(Protocol):
    """Keys by due time. Changes have survived a kill of the process once a method has returned.

    The methods take about a millisecond and do not wait. They raise Transient when the disk does
    not let them.
    """

    def regroup(self, group_of: GroupOf) -> None:
        """Recompute every key's group: the settings may have changed since it was woken."""

    def wake(self, wishes: Iterable[Planned], again: Iterable[Again] = ()) -> None:
        """Plan keys; one that is planned becomes due at the sooner, with the higher priority.

        `again` are wake-ups of keys that are worked on, noted for the end of their turns. All of it
        is done, or nothing.
        """

    def next_ready(self, now: datetime, busy: Busy) -> Planned | None:
        """Give the key to work on next: by priority (high first), due time, then first come."""

    def finish(self, key: str, turn: Turn) -> None:
        """Plan the next turn of a key; forget it when neither turn nor a wake-up asks for one."""

    def set_back(self, by: timedelta) -> None:
        """Plan every key so much sooner: the clock was set back."""

    def forget(self, key: str) -> None:
        """Forget a key; one that is not there is no error."""

    def next_due(self, now: datetime) -> datetime | None:
        """Give the soonest due time after `now`."""

    def has_due(self, now: datetime) -> bool:
        """Tell whether any key is due."""

    def planned(self) -> Sequence[Planned]:
        """Give every key, the soonest first."""
