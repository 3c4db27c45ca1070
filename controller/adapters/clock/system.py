"""The machine's clock."""

import asyncio
from datetime import UTC, datetime


class SystemClock:
    """Time as the machine tells it."""

    def now(self) -> datetime:
        """Give the present instant, with time zone UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait; not at all when `seconds` is not above zero."""
        await asyncio.sleep(max(0.0, seconds))
