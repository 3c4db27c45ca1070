"""How far the load that a gate let through is from the peak that is forecast."""

import math
from collections.abc import Sequence

from controller.model.capacity import Headroom
from controller.model.measurement import GateResult, Measurement
from controller.steps import capacity as capacity_step
from controller.steps.gate import validity
from controller.workflows.catalogs import Loaded
from controller.workflows.forecast_runs import last_of, status_of
from controller.workflows.parts import Parts
from schemas.kinds.forecast import Forecast
from schemas.kinds.load_profile import LoadProfile
from schemas.kinds.load_test import LoadTest

EVEN = 1.05
"""Parts of a run that differ by less are of one rate."""


async def headroom(
    parts: Parts, load_test: LoadTest, at: Loaded, settled: GateResult, runs: Sequence[Measurement]
) -> Headroom | str | None:
    """Compare the smallest rate that was served with what is forecast.

    That is the forecast which the load test's profile follows, or else the one of the product.
    Gives a sentence where nobody can say which; None when the gate says no, or none was made yet.
    """
    if not runs or not settled.ruling.lets_through:
        return None
    product = load_test.metadata.product
    names = _names(parts, product, load_test, at)
    if len(names) > 1:
        told = ", ".join(sorted(names))
        return (
            f"headroom is not told: {product} has the forecasts {told}, and {settled.gate} follows"
            " none of them (`profile`)"
        )
    made = await last_of(parts, await status_of(parts, product, names[0])) if names else None
    if made is None:
        return None
    found = capacity_step.headroom(
        made, min(_served(run) for run in runs if validity.is_sound(run))
    )
    return found if math.isfinite(found.times) else None


def _names(parts: Parts, product: str, load_test: LoadTest, at: Loaded) -> list[str]:
    profile = load_test.spec.profile
    followed = at.catalog.find(LoadProfile, profile, product) if profile else None
    if followed is not None:
        return [followed.spec.forecast]
    head = parts.catalogs.head
    documents = head.catalog.all(Forecast) if head else ()
    return [each.metadata.name for each in documents if each.product == product]


def _served(run: Measurement) -> float:
    """Give the rate that a run has shown: where it went up in steps, that of its busiest part."""
    wanted = [part.wanted for part in run.parts]
    if not wanted or max(wanted) <= EVEN * min(wanted):
        return run.achieved_rate
    return max(part.made for part in run.parts) * len(run.parts) / run.seconds
