"""A kept run of a load test → a point of the scalability law."""

from controller.model.capacity import Run
from controller.model.measurement import Measurement
from controller.steps.gate.objectives import read_histogram

MOST_OMITTED = 0.01
"""Share of requests that were not made since a user still waited: beyond it, the load is unsure."""
MICROSECONDS = 1e6


def load_point(measured: Measurement, units: float) -> Run | None:
    """Give what one of `units` did at its share of the load; None where the run does not tell.

    By Little's law, what is under way is what comes a second times the seconds that it takes.
    """
    total = measured.total
    if measured.invalid or measured.ended_early or total.requests <= total.failures:
        return None
    histogram = read_histogram(total)
    if histogram is None or total.omitted > MOST_OMITTED * total.requests:
        return None
    rate = measured.achieved_rate / units
    under_way = rate * histogram.get_mean_value() / MICROSECONDS
    served = rate * (1 - total.failures / total.requests)
    return Run(under_way, served) if under_way > 0 and served > 0 else None
