"""Time."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The only source of time."""

    def now(self) -> datetime:
        """Give the present instant, with time zone UTC."""

    async def sleep(self, seconds: float) -> None:
        """Wait; a clock of tests returns at once and moves its time on."""
