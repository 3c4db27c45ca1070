"""What an objective asks for, and the number that a run has for it."""

import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer

from controller.model.measurement import EndpointStatistics, Measurement
from schemas.limits import Limit, RelativeLimit, read_limits, write_limits
from schemas.values import Threshold, read_threshold

LATENCIES = ("p50", "p90", "p95", "p99", "max")
FAR_FROM_NOTHING = frozenset({"p50", "p90", "p95", "p99", "throughput", "apdex"})
"""Measures whose values lie so far from nothing that a share of them says something."""
_HISTOGRAM_FAULTS = (ValueError, IndexError, OverflowError, zlib.error)
TOLERATED = 4
"""Of apdex: who waits this many times as long as who is satisfied is frustrated."""


def _read_kept(told: Any) -> tuple[Limit, ...]:
    return read_limits(told) if told else ()


Limits = Annotated[
    tuple[Limit, ...],
    BeforeValidator(_read_kept),
    PlainSerializer(write_limits, when_used="json"),
]
"""Kept as the texts that people wrote: what is read back cannot say one thing and hold another."""


@dataclass(frozen=True, slots=True)
class Objective:
    """One number of a load test, and the limits that it must keep."""

    measure: str
    """A latency percentile, `max`, `errorRate`, `throughput`, `apdex` or `prometheus`."""
    passes: Limits
    warns: Limits = ()
    endpoint: str | None = None
    """As the Locust file calls it, with or without its method; None: all requests together."""
    satisfied: float = 0.0
    """Milliseconds, for apdex."""
    weight: float = 1.0
    key: bool = False
    name: str = ""
    """What reports call it; of an observation, its name as well."""

    @property
    def title(self) -> str:
        """What it is called in reasons."""
        if self.name:
            return self.name
        return f"{self.measure} of {self.endpoint or 'all requests'}"

    @property
    def wanted(self) -> str:
        """The limits for pass, as people wrote them."""
        return " and ".join(limit.text for limit in self.passes)

    @property
    def tolerated(self) -> str:
        """The limits for warning; empty when there are none."""
        return " and ".join(limit.text for limit in self.warns)

    @property
    def is_relative(self) -> bool:
        """Whether anything of it is compared with a baseline."""
        return any(isinstance(limit, RelativeLimit) for limit in (*self.passes, *self.warns))

    @property
    def more_is_worse(self) -> bool:
        """Which way is the bad one, as the limits say."""
        return self.passes[0].operator in {"<", "<="}


DEFAULT_ERROR_RATE = Objective("errorRate", (read_threshold("<1%"),), key=True)
"""Holds where a load test says nothing of errors: fast errors are no proof of a fast service."""


def with_error_rate(objectives: tuple[Objective, ...]) -> tuple[Objective, ...]:
    """Add what always holds."""
    if any(o.measure == "errorRate" and o.endpoint is None for o in objectives):
        return objectives
    return (*objectives, DEFAULT_ERROR_RATE)


def find_statistics(endpoint: str | None, measurement: Measurement) -> EndpointStatistics | None:
    """Find an endpoint, named with or without its method."""
    if endpoint is None:
        return measurement.total
    if endpoint in measurement.endpoints:
        return measurement.endpoints[endpoint]
    named = [v for k, v in measurement.endpoints.items() if k.partition(" ")[2] == endpoint]
    return named[0] if len(named) == 1 else None


def value_of(objective: Objective, measurement: Measurement) -> float | None:
    """Give a run's number, corrected for coordinated omission where it is a latency."""
    if objective.measure == "prometheus":
        seen = next((o for o in measurement.observations if o.name == objective.name), None)
        found = seen.value if seen else None
        return found if found is not None and math.isfinite(found) else None
    statistics = find_statistics(objective.endpoint, measurement)
    if statistics is None or statistics.requests <= 0:
        return None
    match objective.measure:
        case "errorRate":
            found = statistics.failures / statistics.requests
        case "throughput":
            answered = statistics.requests - statistics.failures
            found = answered / measurement.seconds if measurement.seconds > 0 else None
        case "apdex":
            found = apdex(statistics, objective.satisfied)
        case _:
            found = statistics.corrected.get(objective.measure)
    return found if found is not None and are_numbers(found) else None


def why_unknown(objective: Objective, measurement: Measurement) -> str:
    """Say why a run has no number for an objective."""
    if objective.measure == "prometheus":
        seen = next((o for o in measurement.observations if o.name == objective.name), None)
        return f"{objective.title} is not known: {seen.problem if seen else 'nobody asked'}"
    statistics = find_statistics(objective.endpoint, measurement)
    if statistics is None or statistics.requests <= 0:
        return f"{objective.title} is not known: no such request was made"
    return f"{objective.title} was not measured"


def read_histogram(statistics: EndpointStatistics) -> Any:
    """Give the histogram of the corrected latencies in microseconds; None when it is damaged."""
    from hdrh.codec import HdrCookieException, HdrLengthException
    from hdrh.histogram import HdrHistogram

    if not statistics.histogram:
        return None
    try:
        return HdrHistogram.decode(statistics.histogram)
    except (*_HISTOGRAM_FAULTS, HdrCookieException, HdrLengthException):
        return None


def apdex(statistics: EndpointStatistics, satisfied: float) -> float | None:
    """Give the share of users who are content: satisfied ones, and half of those who tolerate.

    Omitted requests count as those that were made. How long a failure took is not told apart, so
    that each is taken off as if its user had been satisfied: never better than it was.
    """
    histogram = read_histogram(statistics)
    total = int(histogram.get_total_count()) if histogram else 0
    if not total or satisfied <= 0:
        return None
    content, tolerates = 0, 0
    for item in histogram.get_recorded_iterator():
        milliseconds = item.value_iterated_to / 1000
        if milliseconds <= satisfied:
            content += item.count_at_value_iterated_to
        elif milliseconds <= TOLERATED * satisfied:
            tolerates += item.count_at_value_iterated_to
    return max(0.0, (content + tolerates / 2 - statistics.failures) / total)


_SHOW: dict[str, Callable[[float], str]] = {
    "errorRate": lambda share: f"{share * 100:.3g}%",
    "throughput": lambda rate: f"{rate:.1f}/s",
    "apdex": lambda score: f"{score:.3f}",
    "prometheus": lambda number: f"{number:.6g}",
}


def show(measure: str, measured: float) -> str:
    """Write a number with its unit."""
    if measure in _SHOW:
        return _SHOW[measure](measured)
    return f"{measured:.1f} ms" if measured < 100 else f"{measured:.0f} ms"  # noqa: PLR2004


def are_numbers(*values: float) -> bool:
    """Tell whether all are numbers that a measurement can have."""
    return all(math.isfinite(value) and value >= 0 for value in values)


def is_absolute(limit: Limit) -> bool:
    """Tell whether a limit needs no baseline."""
    return isinstance(limit, Threshold)
