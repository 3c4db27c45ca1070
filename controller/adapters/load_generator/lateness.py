"""How late the event loop of a generator process is: what that adds is not the service's.

A process that was stopped, or that its script held up, is late once and for long. As with the
requests of a user who waits, that one time stands for all the steps that were left out.
"""

import os
from time import perf_counter
from typing import Any

from controller.adapters.load_generator.recording import new_histogram, percentiles

STEP = 0.01
MICROSECONDS = 1_000_000
FORKED = 70


class Lateness:
    """Takes each step of a loop; times are seconds of the monotonic clock."""

    def __init__(self, opens: float, closes: float) -> None:
        """Take the time that counts."""
        self._opens, self._closes = opens, closes
        self._histogram, self._steps = new_histogram(), new_histogram()
        self._longest = 0.0

    def watch(self, sleep: Any) -> None:
        """Take steps until the greenlet ends.

        A script that forks, and goes on in both processes, would make the load twice.
        """
        process = os.getpid()
        while True:
            before = perf_counter()
            sleep(STEP)
            if os.getpid() != process:
                os._exit(FORKED)
            self.take(before, perf_counter())

    def take(self, before: float, woke: float) -> None:
        """Take a step.

        Its lateness counts as far as it lies in the time that counts. A long one before that is
        felt in it for about as long as it was; one after it holds up the last answers.
        """
        late = max(0.0, woke - before - STEP)
        if woke + late > self._opens:
            self._longest = max(self._longest, late)
        within = min(woke, self._closes) - max(before, self._opens)
        if within > 0:
            counted = max(1, int(min(late, within) * MICROSECONDS))
            self._steps.record_value(counted)
            self._histogram.record_corrected_value(counted, int(STEP * MICROSECONDS))

    def result(self) -> dict[str, Any]:
        """Give the percentiles, that of the steps alone, and the longest one, in milliseconds."""
        return {
            "lag_p95": percentiles(self._steps).get("p95", 0.0),
            "lags": percentiles(self._histogram),
            "stood_still": self._longest * 1000,
        }


def latest(results: list[dict[str, Any]]) -> dict[str, Any]:
    """Give of several processes the latest one, at each percentile."""
    names = {name for result in results for name in result["lags"]}
    return {
        "lag_p95": max((r["lag_p95"] for r in results), default=0.0),
        "lags": {n: max(r["lags"].get(n, 0.0) for r in results) for n in sorted(names)},
        "stood_still": max((r["stood_still"] for r in results), default=0.0),
    }
