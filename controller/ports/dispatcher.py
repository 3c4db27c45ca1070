"""Who is woken when: divides one process from many."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

Handler = Callable[[str], Awaitable[datetime | None]]
"""Works on a key; gives the instant to come again, or None to wait for a wake-up."""


@dataclass(frozen=True, slots=True)
class Wakeup:
    """A key that is due, or overdue, and since when it is being worked on."""

    key: str
    due: datetime
    working_since: datetime | None = None


class Dispatcher(Protocol):
    """Calls a handler for keys that are due.

    A key reads `<lane>:<subject>`. Of one subject only one key is worked on at a time, whatever its
    lane; each lane has a limit. Waking is level-triggered: waking a key twice before it is worked
    on is waking it once, and a wake-up during the work leads to one more turn after it.
    """

    async def wake(self, key: str, *, at: datetime | None = None, priority: int = 0) -> None:
        """Make a key due now, or at `at` when that is sooner than what is planned.

        Survives a crash. Of what is due the highest priority goes first, then the longest due.
        """

    async def wake_all(self, keys: Iterable[str]) -> None:
        """Make many keys due now: all of them, or, when it raises, none."""

    async def run(self, handler: Handler) -> None:
        """Work until cancelled. A handler that raises is called again, with growing pauses.

        Waiting is tried again after a short pause; Stalled, and what waits for a person's word,
        after a long one; a wake-up ends either.
        """

    async def cancel(self, key: str) -> None:
        """Forget a key, cancel the work on it, and wait until that has ended.

        Forgetting what is not there is no error; work that forgets its own key goes on to its end.
        """

    async def pending(self) -> tuple[Wakeup, ...]:
        """Tell what is due or planned, soonest first."""

    async def is_idle(self) -> bool:
        """Tell whether nothing is due and nothing is worked on."""
