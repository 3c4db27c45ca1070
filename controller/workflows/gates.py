"""Run the gates of a stage against what lives there, and judge what was measured."""

from dataclasses import replace

from controller.diagnostics.errors import Stalled
from controller.model.capacity import Headroom
from controller.model.measurement import GateResult, GateRuling
from controller.model.names import Digest
from controller.model.status import StageStatus
from controller.steps.gate.again import judged, write_judged
from controller.steps.gate.asked_again import weigh
from controller.steps.gate.judge import Question
from controller.steps.gate.settle import answer
from controller.workflows import keys
from controller.workflows.baselines import RESULT, Baselines, result_fact
from controller.workflows.catalogs import Loaded
from controller.workflows.gate_drift import tell_drift
from controller.workflows.gate_headroom import headroom
from controller.workflows.gate_orders import ask, score_of
from controller.workflows.gate_profiles import kept_steps
from controller.workflows.gate_reports import GateReports
from controller.workflows.gate_runs import GateRuns, forget
from controller.workflows.gate_wishes import CANCELLED, GateWishes
from controller.workflows.hand_edits import Pointers
from controller.workflows.parts import Parts
from schemas.kinds.load_test import LoadTest
from schemas.objectives import Baseline as WantedBaseline

HELD = "the stage is held: it is asked anew when that ends"


async def run_gates(
    parts: Parts, status: StageStatus, names: tuple[str, ...], at: Loaded
) -> StageStatus:
    """Run the gates that have no answer for the stage's release here yet.

    An answer that proves nothing is asked for again, a few times; it never lets a release through.
    No load is put on a stage that somebody holds.
    """
    results: list[GateResult] = []
    for name in names:
        if status.release is None:
            raise Stalled.because(f"no release is at `{status.name}`")
        fact = result_fact(status.name, status.release, name)
        known = await parts.world.ledger.fact(fact)
        found = RESULT.validate_json(known) if known else None
        if found is None:
            found = await _cancelled(parts, status, name)
        if found is None:
            found = await _run(parts, status, name, at)
            asks = (
                await GateWishes(parts.world.ledger).asked(status.name, found.release, name)
            ).times
            if _is_an_answer(found) and found.asks == asks:  # else somebody asked meanwhile
                await parts.world.ledger.set_fact(fact, RESULT.dump_json(found).decode())
            await forget(parts, status, name)
        results.append(found)
        status = await parts.recording.stage(replace(status, gates=tuple(results)))
    return status


async def _cancelled(parts: Parts, status: StageStatus, name: str) -> GateResult | None:
    """Answer for a gate that a person cancelled; nothing is run until somebody asks for it."""
    if status.release is None:
        return None
    by = await GateWishes(parts.world.ledger).cancelled_by(status.name, status.release, name)
    if not by:
        return None
    wishes = GateWishes(parts.world.ledger)
    asks = (await wishes.asked(status.name, status.release, name)).times
    reasons = (f"{by} cancelled it", CANCELLED)
    return GateResult(name, status.release, GateRuling.UNKNOWN, reasons, asks=asks)


def _is_an_answer(result: GateResult) -> bool:
    return result.ruling not in {GateRuling.INVALID, GateRuling.UNKNOWN}


async def _run(parts: Parts, status: StageStatus, name: str, at: Loaded) -> GateResult:
    """Make runs until there is an answer; what an earlier life has measured counts."""
    load_test = at.catalog.find(LoadTest, name, status.name.product)
    if load_test is None or status.release is None:
        raise Stalled.because(
            f"the release at `{status.name}` has no load test `{name}`",
            hint="add the LoadTest, or take the gate out of the Pipeline",
        )
    steps = await kept_steps(parts, status, load_test, at)
    asked = await ask(parts, status.name, load_test, at, steps)
    baselines = Baselines(parts.world)
    history = await baselines.history(status, name)
    runs = await GateRuns.resume(parts, status, name, asked)
    question = Question(
        name, asked.objectives, status.release, score=score_of(load_test.spec.score)
    )
    wanted = load_test.spec.baseline or WantedBaseline()
    settled: GateResult | None = None
    while settled is None:
        if runs.taken:
            compared = await baselines.baseline(history, runs.taken[0], wanted, status.release)
            question = replace(question, baseline=compared)
            settled = answer(question, runs.taken, load_test.spec.runs)
        if settled is None:
            if await Pointers(parts).is_held(status.name):
                return await _held(runs, status.release)
            await runs.make(question)
    how = judged(question, runs.digests, load_test.spec.runs, runs.before.answers)
    settled = replace(
        weigh(settled, how.earlier),
        evidence=runs.digests[-1],
        measurements=how.measurements,
        baseline=how.baseline,
        judged=await parts.world.artifacts.put(write_judged(how)),
        asks=runs.before.times,
    )
    if not _is_an_answer(settled):
        await runs.note(status.release, settled.ruling, settled.reasons[0])
    settled = await tell_drift(parts, status, asked, runs.taken, settled)
    room = await headroom(parts, load_test, at, settled, runs.taken)
    return await _told(parts, status, settled, room)


async def _held(runs: GateRuns, release: Digest) -> GateResult:
    """Answer for a gate of a stage that somebody holds; runs that were made already count."""
    if runs.taken:
        await runs.note(release, GateRuling.UNKNOWN, HELD)
    asks = runs.before.times
    return GateResult(runs.gate, release, GateRuling.UNKNOWN, (HELD,), asks=asks)


async def _told(
    parts: Parts, status: StageStatus, settled: GateResult, room: Headroom | str | None
) -> GateResult:
    """Tell an answer: what its report is made of, and the event."""
    await GateReports(parts.world).note(str(status.name), str(status.commit), settled, room)
    await parts.recording.event(
        keys.stage_key(status.name), f"Gate{settled.ruling.capitalize()}",
        f"{settled.gate}: {'; '.join((*settled.reasons, *settled.warnings))}",
        revision=f"sha1:{status.commit}", warning=not settled.ruling.lets_through,
    )  # fmt: skip
    return settled
