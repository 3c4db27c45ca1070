"""The steps of a load test that follows a LoadProfile, and with it what a forecast says.

They are kept from the first run of a gate's answer on: a forecast that is made anew meanwhile, also
between two lives of the controller, changes the next answer and not this one.
"""

import math

from pydantic import TypeAdapter

from controller.diagnostics.errors import DependencyNotReady, Stalled
from controller.model.status import StageStatus
from controller.ports.load_generator import LoadStage
from controller.steps.load_profile import stages
from controller.workflows.catalogs import Loaded
from controller.workflows.forecast_runs import last_of, status_of
from controller.workflows.parts import Parts
from schemas.kinds.load_profile import LoadProfile
from schemas.kinds.load_test import LoadTest

DIGITS = 2
"""Of a rate, rounded up: a forecast that hardly moves leaves runs comparable."""
_STEPS = TypeAdapter(tuple[LoadStage, ...])


async def steps_of(parts: Parts, load_test: LoadTest, at: Loaded) -> tuple[LoadStage, ...]:
    """Give the steps of today; none where a load test has no profile.

    Raises DependencyNotReady while there is no forecast, Stalled when it says nothing of today.
    """
    product, name = load_test.metadata.product, load_test.spec.profile
    if name is None:
        return ()
    profile = at.catalog.find(LoadProfile, name, product)
    if profile is None:
        raise Stalled.because(
            f"the load test `{load_test.metadata.name}` plays the load profile `{name}`,"
            " which is not there",
            hint="add the LoadProfile, or take `profile` out of the LoadTest",
        )
    forecast = profile.spec.forecast
    status = await status_of(parts, product, forecast)
    made = await last_of(parts, status)
    if made is None:
        why = f": {status.problem}" if status.problem else ""
        raise DependencyNotReady.because(
            f"waits for the forecast `{forecast}`, which was not made yet{why}",
            hint=status.hint or f"`trueup forecast show {forecast}` says how it stands",
        )
    found = stages(made, profile.spec, parts.world.clock.now().date())
    return tuple(LoadStage(_rounded_up(rate), seconds) for rate, seconds in found if rate > 0)


async def kept_steps(
    parts: Parts, status: StageStatus, load_test: LoadTest, at: Loaded
) -> tuple[LoadStage, ...]:
    """Give the steps of an answer that is under way, or those of today, which are then kept."""
    if load_test.spec.profile is None:
        return ()
    fact = _fact(status, load_test.metadata.name)
    known = await parts.world.ledger.fact(fact)
    if known:
        return _STEPS.validate_json(known)
    found = await steps_of(parts, load_test, at)
    await parts.world.ledger.set_fact(fact, _STEPS.dump_json(found).decode())
    return found


async def forget_steps(parts: Parts, status: StageStatus, gate: str) -> None:
    """Let the next answer take the steps of its day."""
    fact = _fact(status, gate)
    if await parts.world.ledger.fact(fact):
        await parts.world.ledger.set_fact(fact, "")


def _fact(status: StageStatus, gate: str) -> str:
    return f"gate-steps/{status.name}/{status.release}/{gate}"


def _rounded_up(rate: float) -> float:
    if rate <= 0:
        return 0.0
    unit = 10.0 ** (math.floor(math.log10(rate)) - DIGITS + 1)
    return round(math.ceil(round(rate / unit, 6)) * unit, 6)
