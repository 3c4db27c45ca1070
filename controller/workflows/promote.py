"""Move one stage: which release should it be at, is it there, does it hold, who must be asked.

    pointer → candidate → decide → write pointer → adopt → ready? → gates → decide → (roll back)

The pointer in Git is the truth; the stage's status is what was last seen of it. A controller that
was killed anywhere looks at the pointer and at the units again, and does the rest.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from controller.diagnostics.errors import PlanStale, Transient
from controller.model.decision import Decision, DecisionKind
from controller.model.names import StageName
from controller.model.release import Pointer
from controller.model.status import StageStatus
from controller.steps.decide import decide
from controller.workflows import keys
from controller.workflows.gates import run_gates
from controller.workflows.parts import Parts
from controller.workflows.pointers import write_pointer
from controller.workflows.stages import Stages

LOOK_AGAIN = timedelta(minutes=5)


async def promote(parts: Parts, name: StageName) -> datetime | None:
    """Do what is left to do for one stage; gives the instant to look again.

    Raises Waiting, Stalled or Transient: what is done then is the dispatcher's to decide.
    """
    stages = Stages(parts)
    status = await parts.world.ledger.stage(name) or StageStatus(name)
    pointer, text = await stages.pointer(name)
    moved, status = await let_in(parts, stages, status, pointer, text)
    if moved is not None and moved != pointer:
        pointer, text = moved, write_pointer(moved)
    if pointer is None:
        await stages.wake_all(status)
    else:
        status = await stages.adopt(status, pointer)
        status = await verify(parts, stages, status)
        status = await take_back(parts, stages, status, pointer, text)
    await parts.recording.stage(status)
    return parts.world.clock.now() + LOOK_AGAIN


async def let_in(
    parts: Parts, stages: Stages, status: StageStatus, pointer: Pointer | None, text: str | None
) -> tuple[Pointer | None, StageStatus]:
    """Let a new release in, or say what it waits for."""
    candidate = await stages.candidate(status.name, pointer)
    if candidate is None:
        return pointer, replace(status, candidate=None, candidate_commit=None, waiting_for="")
    question = await stages.question(status, pointer, candidate)
    decision = decide(question, parts.world.clock.now())
    waits = replace(status, candidate=candidate.digest, candidate_commit=candidate.commit)
    if decision.kind != DecisionKind.PROMOTE:
        waits = replace(waits, waiting_for=decision.because)
        if status.waiting_for != decision.because:
            await _tell(parts, decision, "Waiting")
        return pointer, waits
    moved = Pointer(
        status.name, candidate.commit, candidate.digest,
        rejected=pointer.rejected if pointer else None,
        rejected_commit=pointer.rejected_commit if pointer else None,
    )  # fmt: skip
    moved = await _write(parts, stages, decision, moved, text)
    return moved, replace(status, candidate=None, candidate_commit=None, waiting_for="")


async def verify(parts: Parts, stages: Stages, status: StageStatus) -> StageStatus:
    """Run the gates of the release that is here, once everything of it is ready."""
    target = await parts.catalogs.stage_target(status.name, status.commit)
    missing = await stages.not_ready(target)
    status = replace(status, ready=not missing)
    if (
        missing
        or target.ahead is not None
        or target.base is None
        or stages.is_suspended(status.name)
    ):
        return status
    status = await parts.recording.stage(status)
    names = parts.catalogs.pipeline_stage(status.name).gates
    status = await run_gates(parts, status, names, target.base)
    if all(result.ruling.lets_through for result in status.gates):
        if status.verified != status.release:
            status = replace(status, verified=status.release, verified_commit=status.commit)
            said = (
                f"yes from {', '.join(names)}" if names else "every unit is ready, no gate is asked"
            )
            await parts.recording.event(
                keys.stage_key(status.name), "Verified", said, revision=f"sha1:{status.commit}"
            )
        await parts.recording.stage(status)
        for later in stages.after(status.name):
            await parts.world.dispatcher.wake(keys.stage_key(later))
    return status


async def take_back(
    parts: Parts, stages: Stages, status: StageStatus, pointer: Pointer, text: str | None
) -> StageStatus:
    """Go back to the last verified release when a gate said no to the one that is here."""
    if all(result.ruling.lets_through for result in status.gates):
        return status
    here = await stages.release(status.name.product, pointer.digest)
    if here is None:
        return status
    question = await stages.question(status, pointer, here)
    decision = decide(question, parts.world.clock.now())
    if decision.kind != DecisionKind.ROLL_BACK:
        unclear = "; ".join(r.reasons[0] for r in status.gates if not r.ruling.lets_through)
        return replace(status, waiting_for=f"a release that passes its gates: {unclear}")
    moved = Pointer(
        status.name, decision.release.commit, decision.release.digest,
        rejected=pointer.digest, rejected_commit=pointer.commit,
    )  # fmt: skip
    moved = await _write(parts, stages, decision, moved, text)
    status = await stages.adopt(replace(status, gates=()), moved)
    return replace(status, waiting_for="a new release: the last one was taken back")


async def _write(
    parts: Parts, stages: Stages, decision: Decision, pointer: Pointer, instead_of: str | None
) -> Pointer:
    revision = f"sha1:{pointer.commit}"
    async with (
        parts.journal.run(keys.stage_key(decision.stage), pointer.commit) as run,
        run.step("pointer") as step,
    ):
        try:
            moved = await stages.write(decision, pointer, instead_of=instead_of)
        except PlanStale as error:
            raise Transient(error.diagnostics) from error
        step.detail = decision.because
    reason = "Promoted" if decision.kind == DecisionKind.PROMOTE else "RolledBack"
    await _tell(parts, decision, reason, revision)
    return moved


async def _tell(parts: Parts, decision: Decision, reason: str, revision: str = "") -> None:
    await parts.recording.event(
        keys.stage_key(decision.stage), reason, f"{decision.release}: {decision.because}",
        revision=revision, warning=reason == "RolledBack",
    )  # fmt: skip
