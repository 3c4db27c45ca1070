"""When tasks are due in an open model; used inside the generator's process.

Arrivals are evenly spaced at the rate of the moment. A user takes the next one and waits for it.
When all users are busy the arrival is late, and its lateness belongs to its latency: the customer
came when it was due, whoever was free then.
"""

from collections.abc import Sequence


class Arrivals:
    """Gives the instants one after the other; times are seconds of one monotonic clock.

    Of several processes each takes every so many-eth instant: together they are those of one.
    """

    def __init__(
        self,
        start: float,
        warm_up: float,
        stages: Sequence[tuple[float, float]],
        *,
        place: int = 0,
        of: int = 1,
    ) -> None:
        """Take the rates and lengths of the stages; the warm-up has the rate of the first."""
        self._stages = [(stages[0][0], warm_up), *stages] if warm_up else list(stages)
        self._begins = start
        self._due = start
        self.closes = start + warm_up + sum(seconds for _, seconds in stages)
        for _ in range(place):
            self._next()
        self._others = of - 1
        self._mine = self._next()

    def take(self) -> float | None:
        """Give the next instant that is due; None when there is none any more."""
        due = self._mine
        for _ in range(self._others):
            self._next()
        self._mine = self._next()
        return due

    def left(self, until: float) -> list[float]:
        """Take all that were due before an instant, and that nobody was free for."""
        found = []
        while self._mine is not None and self._mine <= until:
            found.append(self._mine)
            self.take()
        return found

    def _next(self) -> float | None:
        while self._stages and self._due >= self._begins + self._stages[0][1]:
            self._begins += self._stages.pop(0)[1]
        if not self._stages:
            return None
        due = self._due
        self._due += 1 / self._stages[0][0]
        return due
