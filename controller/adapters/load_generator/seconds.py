"""The seconds of a run as one or more processes tell them: how it goes, and when it is to end."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Say = Callable[[dict[str, Any]], None]
SHARES = (0.5, 0.95, 0.99)


@dataclass
class _Second:
    latencies: list[float] = field(default_factory=list)
    failures: int = 0
    told: int = 0


class Seconds:
    """Puts together what each process tells of a second, and says it once all have told."""

    def __init__(self, order: Mapping[str, Any], say: Say, end: Callable[[], None]) -> None:
        """Take the order's limits, what hears of each second, and what ends the run."""
        self._limit = order["abort_error_rate"]
        self._most = order["most_requests"]
        self._abort_seconds = order["abort_seconds"]
        self._processes = order["workers"]
        self._say, self._end = say, end
        self._bad: deque[bool] = deque(maxlen=max(1, round(self._abort_seconds)))
        self._open: dict[int, _Second] = {}
        self._failed: dict[int, int] = {}
        self._requests = 0
        self.series: list[tuple[float, float, float, float]] = []
        self.ended_early = self.invalid = ""

    def take(
        self, process: int, second: int, latencies: Sequence[float], failures: int, failed: int
    ) -> None:
        """Take a second of a process: its latencies in milliseconds, its failures, all so far."""
        found = self._open.setdefault(second, _Second())
        found.latencies += latencies
        found.failures += failures
        found.told += 1
        self._failed[process] = failed
        if found.told == self._processes:
            self._close(second, self._open.pop(second))

    def _close(self, second: int, all_told: _Second) -> None:
        ordered, requests = sorted(all_told.latencies), len(all_told.latencies)
        p50, p95, p99 = (ordered[int(requests * s)] if ordered else 0.0 for s in SHARES)
        self._requests += requests
        self.series.append((float(second), float(requests), float(all_told.failures), p95))
        self._look_for_an_end(requests, all_told.failures)
        self._say(
            {
                "kind": "progress",
                "seconds": float(second),
                "rate": requests,
                "p50": p50,
                "p95": p95,
                "p99": p99,
                "failures": sum(self._failed.values()),
            }
        )

    def _look_for_an_end(self, requests: int, failures: int) -> None:
        """End the run when too much fails for too long, or its budget is used up."""
        limit, most = self._limit, self._most
        self._bad.append(limit is not None and requests > 0 and failures / requests > limit)
        if limit is not None and len(self._bad) == self._bad.maxlen and all(self._bad):
            self.ended_early = f"errorRate was above {limit:.3g} for {self._abort_seconds:g} s"
            self._end()
        if most is not None and self._requests >= most:
            self.invalid = f"the budget of {most} requests was used up before the end"
            self._end()
