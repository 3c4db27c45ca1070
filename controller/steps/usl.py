"""Measured runs → Gunther's Universal Scalability Law.

    X(N) = lambda N / (1 + sigma (N - 1) + kappa N (N - 1))

X is the throughput at N requests under way; sigma what they wait for each other, kappa what they
cost to keep in agreement. N. J. Gunther, Guerrilla Capacity Planning (Springer 2007), chapter 4.
Throughput is highest at N = sqrt((1 - sigma) / kappa).
"""

import math
from collections.abc import Sequence
from typing import Any

from controller.diagnostics.errors import Stalled
from controller.model.capacity import Run, ScalabilityFit
from controller.model.forecast import Band

FEWEST_LOADS = 4
SATURATED = 0.75
"""Below this share of what as many would do that wait for nobody, saturation was seen."""
FURTHEST = 1.5
"""Nothing is concluded beyond so many times the highest load that was measured."""
WIDE = 0.5
"""An interval whose lower end is below this share of its middle says little."""
SEARCH = 400
Law = tuple[float, float, float]


def fit(runs: Sequence[Run], max_latency: float | None = None) -> ScalabilityFit:
    """Fit the law; `max_latency` are the seconds that a request may take in the mean.

    The interval is that of the jackknife: what comes out when each run is left out in turn. Raises
    Stalled when there are too few different loads. Where no run came near to saturation, what was
    measured is a lower bound, and no more is said.
    """
    loads = sorted({run.concurrency for run in runs})
    if len(loads) < FEWEST_LOADS:
        raise Stalled.because(
            f"runs at {len(loads)} different loads are too few for a law of three numbers",
            hint=f"measure at {FEWEST_LOADS} loads at least, from one at a time to too many",
            code="forecast/too-few-runs",
        )
    highest = max(run.rate for run in runs)
    law = _fitted(runs)
    seen = min(run.rate / (law[0] * run.concurrency) for run in runs)
    if seen > SATURATED:
        note = (
            f"at the highest load each still did {seen:.0%} of what it does alone: no saturation "
            "was seen, and what was measured is a lower bound"
        )
        band = Band(highest, highest, highest)
        return ScalabilityFit(*law, band, loads[-1], is_lower_bound=True, notes=(note,))
    most, at = _highest(law, loads[-1], max_latency)
    others = [
        _highest(_fitted([*runs[:n], *runs[n + 1 :]]), loads[-1], max_latency)[0]
        for n in range(len(runs))
        if len({run.concurrency for run in (*runs[:n], *runs[n + 1 :])}) >= FEWEST_LOADS - 1
    ]
    count = len(others)
    mean = sum(others) / count
    error = math.sqrt((count - 1) / count * sum((other - mean) ** 2 for other in others))
    band = Band(max(0.0, most - 2 * error), most, most + 2 * error)
    notes = []
    if most > highest and at > loads[-1]:
        notes.append(_beyond(loads[-1], at))
    if band.low < WIDE * most:
        notes.append(
            f"the runs leave it open between {band.low:,.4g} and {band.high:,.4g}: measure at more "
            "loads, or several times at each"
        )
    return ScalabilityFit(*law, band, at, notes=tuple(notes))


def _beyond(measured: float, at: float) -> str:
    return (
        f"no run saw the highest rate: what is said of {at:.0f} at once rests on the law, beyond "
        f"the {measured:.0f} that were measured; nothing is said of more"
    )


def _fitted(runs: Sequence[Run]) -> Law:
    """Give lambda, sigma and kappa with the smallest relative errors."""
    import numpy as np
    from scipy.optimize import least_squares

    n = np.array([run.concurrency for run in runs])
    x = np.array([run.rate for run in runs])
    start = float(np.max(x / n))

    def missed(law: Any) -> Any:
        said = law[0] * start * n / (1 + law[1] * (n - 1) + law[2] * n * (n - 1))
        return said / x - 1

    lowest, highest = [0.1, 0.0, 0.0], [10.0, 1.0, 1.0]
    found = min(
        (
            least_squares(
                missed, [1.0, sigma, kappa], bounds=(lowest, highest), x_scale=[1, 0.1, 0.01]
            )
            for sigma, kappa in ((0.01, 1e-4), (0.1, 1e-3), (0.4, 1e-2))
        ),
        key=lambda result: float(result.cost),
    )
    scale, sigma, kappa = (float(value) for value in found.x)
    return scale * start, sigma, kappa


def throughput(law: Law, n: float) -> float:
    """Give what the law says of a load."""
    alone, sigma, kappa = law
    return alone * n / (1 + sigma * (n - 1) + kappa * n * (n - 1))


def _highest(law: Law, measured: float, max_latency: float | None) -> tuple[float, float]:
    """Give the highest rate and where it is, within reach and within the time allowed.

    By Little's law, a request takes N / X(N) in the mean.
    """
    reach = measured * FURTHEST
    loads = [reach ** (step / SEARCH) for step in range(SEARCH + 1)] if reach > 1 else [reach]
    allowed = [
        load for load in loads if max_latency is None or load / throughput(law, load) <= max_latency
    ]
    if not allowed:
        return 0.0, loads[0]
    best = max(allowed, key=lambda load: throughput(law, load))
    return throughput(law, best), best
