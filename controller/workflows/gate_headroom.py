"""How far the load that a gate let through is from the peak that is forecast."""

import math
from collections.abc import Sequence

from controller.model.capacity import Headroom
from controller.model.measurement import GateResult, Measurement
from controller.steps import capacity as capacity_step
from controller.workflows.forecast_runs import last_of, status_of
from controller.workflows.parts import Parts
from schemas.kinds.forecast import Forecast

EVEN = 1.05
"""Parts of a run that differ by less are of one rate."""


async def headroom(
    parts: Parts, product: str, settled: GateResult, runs: Sequence[Measurement]
) -> Headroom | None:
    """Compare the smallest rate that was served with the product's one forecast.

    None when the gate says no, when there is no forecast yet, or when several leave it open which.
    """
    head = parts.catalogs.head
    if head is None or not runs or not settled.ruling.lets_through:
        return None
    names = [each.metadata.name for each in head.catalog.all(Forecast) if each.product == product]
    if len(names) != 1:
        return None
    made = await last_of(parts, await status_of(parts, product, names[0]))
    if made is None:
        return None
    found = capacity_step.headroom(made, min(_served(run) for run in runs))
    return found if math.isfinite(found.times) else None


def _served(run: Measurement) -> float:
    """Give the rate that a run has shown: where it went up in steps, that of its busiest part."""
    wanted = [part.wanted for part in run.parts]
    if not wanted or max(wanted) <= EVEN * min(wanted):
        return run.achieved_rate
    return max(part.made for part in run.parts) * len(run.parts) / run.seconds
