"""A clock that is set by hand."""

import asyncio
import heapq
from datetime import UTC, datetime, timedelta

START = datetime(2030, 1, 1, tzinfo=UTC)


class MemoryClock:
    """Time that stands still until it is moved.

    By default `sleep` returns at once and moves the time on, so that code which waits takes no
    time. With `by_hand` sleepers wait until `advance` passes their instant: for a dispatcher, whose
    planned wake-ups must not run away with the time.
    """

    def __init__(self, now: datetime = START, *, by_hand: bool = False) -> None:
        self._now = now.astimezone(UTC)
        self._by_hand = by_hand
        self._sleepers: list[tuple[datetime, int, asyncio.Event]] = []
        self._count = 0

    def now(self) -> datetime:
        """Give the instant that was set, with time zone UTC."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move the time on and wake the sleepers whose instant has come."""
        self.set(self._now + timedelta(seconds=seconds))

    def set(self, now: datetime) -> None:
        """Set the time; raises ValueError when it would go back."""
        if now < self._now:
            raise ValueError(f"the clock stands at {self._now} and cannot go back to {now}")
        self._now = now.astimezone(UTC)
        while self._sleepers and self._sleepers[0][0] <= self._now:
            heapq.heappop(self._sleepers)[2].set()

    def set_back(self, seconds: float) -> None:
        """Set the time back, as a machine's may be; whoever sleeps does so as long as before."""
        by = timedelta(seconds=seconds)
        self._now -= by
        self._sleepers = [(until - by, number, rung) for until, number, rung in self._sleepers]

    async def sleep(self, seconds: float) -> None:
        """Return at once with the time moved on; `by_hand`: wait until the time has come."""
        until = self._now + timedelta(seconds=max(0.0, seconds))
        if not self._by_hand:
            self.set(max(until, self._now))
            await asyncio.sleep(0)
            return
        if until <= self._now:
            await asyncio.sleep(0)
            return
        self._count += 1
        rung = asyncio.Event()
        heapq.heappush(self._sleepers, (until, self._count, rung))
        await rung.wait()
