"""What people name when they compare runs of gates: a run, or the answer for a release."""

import re
from dataclasses import dataclass

from controller.diagnostics.errors import Stalled
from controller.model.measurement import GateResult, Measurement
from controller.model.names import NAME, Digest, StageName, is_digest
from controller.steps.gate import validity
from controller.workflows.baselines import RESULT, Baselines, result_fact
from controller.workflows.world import World

_NAME = NAME.pattern
_ANSWER = re.compile(rf"({_NAME}/{_NAME})/({_NAME})(?:@([0-9a-f]{{4,64}}))?")
SEARCHED = 1000
"""Releases, the newest first, among which a commit is looked for."""


@dataclass(frozen=True)
class Side:
    """One side of a comparison."""

    named: str
    runs: tuple[Measurement, ...]


async def find_side(world: World, named: str) -> Side:
    """Find what a person named. Raises Stalled where it is not there."""
    if is_digest(named):
        return Side(named, (await _run(world, Digest(named)),))
    told = _ANSWER.fullmatch(named)
    if told is None:
        raise Stalled.because(
            f"`{named}` names neither a run nor an answer",
            hint="write `shop/dev/shop-load`, `shop/dev/shop-load@COMMIT`, or the `sha256:…` of a"
            " measurement",
        )
    result = await _answer(world, StageName.parse(told[1]), told[2], told[3])
    runs = tuple([await _run(world, digest) for digest in result.measurements])
    if not runs:
        raise Stalled.because(f"the answer of `{named}` rests on no run: {result.reasons[0]}")
    # Runs that proved nothing were made again: they count only where there are no others.
    return Side(named, tuple(run for run in runs if validity.is_sound(run)) or runs)


async def _answer(world: World, stage: StageName, gate: str, commit: str | None) -> GateResult:
    """Give the answer for the release that is there, or for that of a commit."""
    if commit is None:
        status = await world.ledger.stage(stage)
        told = next((r for r in status.gates if r.gate == gate), None) if status else None
        if told is not None:
            return told
        digests = [status.release] if status and status.release else []
    else:
        releases = await world.ledger.releases(stage.product, SEARCHED)
        digests = [r.digest for r in releases if str(r.commit).startswith(commit)]
    for digest in digests:
        known = await world.ledger.fact(result_fact(stage, digest, gate))
        if known:
            return RESULT.validate_json(known)
    named = f"a release of `{commit}`" if commit else "the release that is there"
    raise Stalled.because(f"`{stage}/{gate}` has not answered for {named}")


async def _run(world: World, digest: Digest) -> Measurement:
    found = await Baselines(world).measurement(digest)
    if found is None:
        raise Stalled.because(f"`{digest}` is no kept measurement")
    return found
