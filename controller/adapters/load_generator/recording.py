"""Latencies of one run, per endpoint and per second; used inside the generator's process.

A user who waits for an answer does not make the requests that it would have made meanwhile, so a
frozen server looks good in plain percentiles ("coordinated omission"). Every latency is therefore
recorded twice: as it was, and with the omitted requests added at the user's own pace.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hdrh.histogram import HdrHistogram

LONGEST = 600_000_000
"""The longest latency that is told apart, in microseconds: ten minutes."""
PERCENTILES = {"p50": 50.0, "p90": 90.0, "p95": 95.0, "p99": 99.0}
PARTS = 5
"""Of the time that counts, in which requests are counted, so that a quiet one is seen."""
ERROR_TEXTS = 20
ERROR_LENGTH = 300


def new_histogram() -> Any:
    """Give an empty histogram of microseconds with three significant digits."""
    return HdrHistogram(1, LONGEST, 3)


class Endpoint:
    """What was measured of one endpoint."""

    def __init__(self) -> None:
        self.raw = new_histogram()
        self.corrected = new_histogram()
        self.failures = 0

    def record(self, latency: float, interval: float) -> None:
        """Add one latency; both are in seconds."""
        microseconds = _microseconds(latency)
        self.raw.record_value(microseconds)
        self.corrected.record_corrected_value(microseconds, max(int(interval * 1e6), 1))

    def record_arrival(self, latency: float, since_due: float) -> None:
        """Add one latency as the service took it, and as who came when it was due felt it."""
        self.raw.record_value(_microseconds(latency))
        self.corrected.record_value(_microseconds(max(latency, since_due)))

    def encode(self) -> dict[str, Any]:
        """Write it down whole, for another process."""
        return {
            "raw": self.raw.encode().decode("ascii"),
            "corrected": self.corrected.encode().decode("ascii"),
            "failures": self.failures,
        }

    @classmethod
    def decode(cls, told: Mapping[str, Any]) -> "Endpoint":
        """Read what another process wrote down."""
        found = cls()
        found.raw.decode_and_add(told["raw"])
        found.corrected.decode_and_add(told["corrected"])
        found.failures = told["failures"]
        return found

    def add(self, other: "Endpoint") -> None:
        """Add what was measured of another endpoint."""
        self.raw.add(other.raw)
        self.corrected.add(other.corrected)
        self.failures += other.failures

    def statistics(self) -> dict[str, Any]:
        """Give counts and percentiles; a corrected percentile is never below the raw one.

        The correction takes omitted requests for shorter than the one that held them up, which
        is so for a frozen server, but not for one that is slow all the time.
        """
        raw = percentiles(self.raw)
        corrected = percentiles(self.corrected)
        return {
            "requests": self.raw.get_total_count(),
            "failures": self.failures,
            "omitted": self.corrected.get_total_count() - self.raw.get_total_count(),
            "raw": raw,
            "corrected": {
                name: max(value, raw.get(name, value)) for name, value in corrected.items()
            },
            "histogram": self.corrected.encode().decode("ascii"),
        }


def _microseconds(seconds: float) -> int:
    return min(max(int(seconds * 1e6), 1), LONGEST)


def percentiles(histogram: Any) -> dict[str, float]:
    """Give the percentiles in milliseconds; nothing when there was no request."""
    if not histogram.get_total_count():
        return {}
    at = histogram.get_percentile_to_value_dict(list(PERCENTILES.values()))
    found = {name: at[percent] / 1000 for name, percent in PERCENTILES.items()}
    return {**found, "max": histogram.get_max_value() / 1000}


class Recorder:
    """Takes each request as it ends; times are seconds of one monotonic clock."""

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._window: tuple[float, float] | None = None
        self._endpoints: dict[str, Endpoint] = {}
        self._errors: dict[str, int] = {}
        self._second: list[float] = []
        self._second_failures = 0
        self._unserved = Endpoint()
        self._parts = [0] * PARTS
        self.task_errors = 0
        self.failures = 0

    def open_window(self, start: float, end: float) -> None:
        """Count what starts in this time, and what an earlier request holds up in it."""
        self._window = (start, end)

    def request(self, endpoint: str, start: float, end: float, error: str | None) -> None:
        """Take a request that ended."""
        self._second.append(end - start)
        self._second_failures += error is not None
        self.failures += error is not None
        latency = self._counted_latency(start, end)
        if latency is None:
            return
        self._count(start)
        found = self._endpoint(endpoint)
        found.record(latency, self._interval)
        if error is not None:
            found.failures += 1
            self.error(error)

    def arrival(
        self, endpoint: str, due: float, start: float, end: float, error: str | None
    ) -> None:
        """Take a request of an open model that ended; what counts is when it was due."""
        self._second.append(end - due)
        self._second_failures += error is not None
        self.failures += error is not None
        # Who came in the warm-up and was served only now has felt the wait all the same.
        if self._window is None or start < self._window[0] or due > self._window[1]:
            return
        self._count(due)
        found = self._endpoint(endpoint)
        found.record_arrival(end - start, end - due)
        if error is not None:
            found.failures += 1
            self.error(error)

    def nobody_was_free(self, dues: Iterable[float], now: float) -> None:
        """Take arrivals that no user was free for: they wait still."""
        if self._window is None:
            return
        for due in dues:
            if self._window[0] <= due <= self._window[1]:
                self._unserved.corrected.record_value(_microseconds(now - due))

    def task_error(self, text: str) -> None:
        """Take an exception that a task of the script raised; it counts as a failure."""
        self.failures += 1
        if self._window:
            self.task_errors += 1
            self.error(f"the load test's own code: {text}")

    def error(self, text: str, count: int = 1) -> None:
        """Count an error's text, for a bounded number of texts."""
        text = " ".join(text.split())[:ERROR_LENGTH]
        if text not in self._errors and len(self._errors) >= ERROR_TEXTS:
            text = "other errors"
        self._errors[text] = self._errors.get(text, 0) + count

    def take_second(self) -> tuple[Sequence[float], int]:
        """Give the latencies in milliseconds and the failures since the last call."""
        latencies, failures = [latency * 1000 for latency in self._second], self._second_failures
        self._second, self._second_failures = [], 0
        return latencies, failures

    def add(self, told: Mapping[str, Any]) -> None:
        """Add what the recorder of another process wrote down; nothing is rounded by it."""
        for name, one in told["endpoints"].items():
            self._endpoint(name).add(Endpoint.decode(one))
        self._unserved.add(Endpoint.decode(told["unserved"]))
        self._parts = [a + b for a, b in zip(self._parts, told["parts"], strict=True)]
        self.task_errors += told["task_errors"]
        for text, count in told["errors"]:
            self.error(text, count)

    def encode(self) -> dict[str, Any]:
        """Write all of it down, for another process."""
        return {
            "endpoints": {name: one.encode() for name, one in self._endpoints.items()},
            "unserved": self._unserved.encode(),
            "parts": self._parts,
            "task_errors": self.task_errors,
            "errors": list(self._errors.items()),
        }

    def result(self) -> dict[str, Any]:
        """Give the totals, the endpoints and the errors, the most frequent first."""
        total = Endpoint()
        for endpoint in self._endpoints.values():
            total.add(endpoint)
        total.add(self._unserved)
        total.failures += self.task_errors
        return {
            "total": total.statistics(),
            "endpoints": {k: v.statistics() for k, v in sorted(self._endpoints.items())},
            "errors": most_frequent(self._errors.items()),
            "parts": self._parts,
        }

    def _endpoint(self, name: str) -> Endpoint:
        """Give what is measured of an endpoint; made when it is first met, for it is large."""
        if name not in self._endpoints:
            self._endpoints[name] = Endpoint()
        return self._endpoints[name]

    def _count(self, moment: float) -> None:
        """Count a request in the part of the time in which it began, or was due."""
        if self._window is not None:
            start, end = self._window
            place = int((moment - start) / (end - start) * PARTS)
            self._parts[min(max(place, 0), PARTS - 1)] += 1

    def _counted_latency(self, start: float, end: float) -> float | None:
        if self._window is None or end <= self._window[0] or start > self._window[1]:
            return None
        if start >= self._window[0]:
            return end - start
        held_up = end - self._window[0]
        return held_up if held_up > self._interval else None


def most_frequent(counts: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    """Sort by count, then by text."""
    return sorted(counts, key=lambda item: (-item[1], item[0]))
