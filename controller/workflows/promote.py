"""Move one stage: which release should it be at, is it there, does it hold, who must be asked.

    pointer → candidate → decide → write pointer → adopt → ready? → gates → decide → (roll back)

The pointer in Git is the truth; the stage's status is what was last seen of it. A controller that
was killed anywhere looks at the pointer and at the units again, and does the rest.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from controller.diagnostics.errors import PlanStale, Transient
from controller.model.condition import ConditionType
from controller.model.decision import Decision, DecisionKind
from controller.model.names import StageName
from controller.model.release import Pointer, Release
from controller.model.status import StageStatus, UnitStatus
from controller.steps.decide.settle import Basis, settle
from controller.steps.hand_edit import ways_out
from controller.workflows import keys
from controller.workflows.catalogs import StageTarget
from controller.workflows.evidence import changed_at, healthy_since, plan_of, risk_of
from controller.workflows.gates import run_gates
from controller.workflows.hand_edits import Standing
from controller.workflows.parts import Parts
from controller.workflows.pointers import write_pointer
from controller.workflows.readiness import how_far, partly_there
from controller.workflows.refusals import refuse
from controller.workflows.stages import Stages

_log = structlog.get_logger(__name__)
LOOK_AGAIN = timedelta(minutes=5)
PLANS = 50
"""So many of a release are kept in words."""


async def promote(parts: Parts, name: StageName) -> datetime | None:
    """Do what is left to do for one stage; gives the instant to look again.

    Raises Waiting, Stalled or Transient: what is done then is the dispatcher's to decide.
    """
    stages = Stages(parts)
    status = await parts.world.ledger.stage(name) or StageStatus(name)
    standing = await stages.pointer(name)
    status = await _tell_edited(parts, status, standing)
    moved, status, due = await let_in(parts, stages, status, standing)
    if moved is not None and moved != standing.pointer:
        standing = Standing(moved, write_pointer(moved))
        status = replace(status, edited="")
    pointer = standing.pointer
    if pointer is None:
        await stages.wake_all(status)
    else:
        status = await stages.adopt(status, pointer)
        status = await verify(parts, stages, status)
        status = await take_back(parts, stages, status, pointer, standing)
    await parts.recording.stage(status)
    now = parts.world.clock.now()
    if pointer is not None and status.release != pointer.digest:
        return now  # it went back: where no unit changes by that, nobody else wakes the stage
    again = now + LOOK_AGAIN
    return min(again, due) if due is not None else again


async def _tell_edited(parts: Parts, status: StageStatus, standing: Standing) -> StageStatus:
    """Say once of a pointer that was edited by hand what the edit counts as."""
    said = ways_out(status.name, standing.edit) if standing.edit else ""
    if said and said != status.edited:
        await parts.recording.event(keys.stage_key(status.name), "HandEdited", said, warning=True)
        _log.warning("a pointer was edited", stage=str(status.name), message=said)
    return replace(status, edited=said)


async def let_in(
    parts: Parts, stages: Stages, status: StageStatus, standing: Standing
) -> tuple[Pointer | None, StageStatus, datetime | None]:
    """Let a new release in, or say what it waits for, and when to ask again."""
    pointer = standing.pointer
    candidate = await stages.candidate(status.name, standing)
    await _tell_superseded(parts, stages, status, candidate, standing)
    if candidate is None:
        hold = pointer.held(parts.world.clock.now()) if pointer else None
        waits = f"{status.name} is {hold}" if hold else status.edited
        due = hold.until if hold else None
        return pointer, _without_candidate(status, waits), due
    basis = Basis(await stages.evidence.question(status, pointer, candidate, standing.edit))
    decision = settle(basis, parts.world.clock.now())
    waits_for = replace(
        status, candidate=candidate.digest, candidate_commit=candidate.commit,
        blocked_by=decision.blocking, evidence=decision.evidence,
    )  # fmt: skip
    if decision.kind != DecisionKind.PROMOTE:
        waits_for = replace(waits_for, waiting_for=decision.because)
        if status.waiting_for != decision.because:
            await _tell(parts, decision, "Waiting")
        return pointer, waits_for, decision.next_look
    here = pointer or Pointer(status.name, candidate.commit, candidate.digest)
    moved = here.moved_to(candidate)
    moved = await _write(parts, stages, decision, moved, basis=basis, instead_of=standing.text)
    return moved, _without_candidate(status), None


def _without_candidate(status: StageStatus, waiting_for: str = "") -> StageStatus:
    return replace(
        status, candidate=None, candidate_commit=None, blocked_by=(), evidence=None,
        waiting_for=waiting_for,
    )  # fmt: skip


async def _tell_superseded(
    parts: Parts,
    stages: Stages,
    status: StageStatus,
    candidate: Release | None,
    standing: Standing,
) -> None:
    """Say of a release that waited that it comes no more, and how it may come all the same.

    Where another Trueup moves the stage, what is decided here decides nothing, and is not kept.
    """
    old, pointer = status.candidate, standing.pointer
    if (
        old is None
        or (candidate and candidate.digest == old)
        or (pointer and pointer.digest == old)
    ):
        return
    product = status.name.product
    found = await stages.release(product, old)
    was = found or f"{product}@{(status.candidate_commit or '')[:12]}"
    instead = str(candidate or "a newer one that is under way")
    entry = parts.catalogs.pipeline_stage(status.name)
    is_ours = standing.edit is None or not standing.edit.by_another
    if found is not None and is_ours:
        await refuse(parts, status, pointer, found, instead)
    ask = f"trueup promote {status.name} --release {(status.candidate_commit or '')[:12]}"
    how = f"; `{ask}` asks for it all the same" if entry.after else ""
    await parts.recording.event(
        keys.stage_key(status.name), "Superseded", f"{was}: superseded by {instead}{how}",
        revision=f"sha1:{status.candidate_commit}",
    )  # fmt: skip


async def verify(parts: Parts, stages: Stages, status: StageStatus) -> StageStatus:
    """Run the gates of the release that is here, once everything of it is ready."""
    target = await stages.target(status)
    missing = await stages.missing(target)
    status = replace(status, ready=not missing)
    if missing:
        return await _settle_partly(parts, status, target)
    status = replace(status, partial=())
    if target.ahead is not None or target.base is None:
        return replace(status, healthy_since=None)
    if stages.evidence.is_suspended(status.name):
        return replace(status, healthy_since=None)
    status = await parts.recording.stage(status)
    names = parts.catalogs.pipeline_stage(status.name).gate_names
    status = await run_gates(parts, status, names, target.base)
    rule = stages.gate_rule(status.name)
    if not rule.lets_through(status.gates, status.release):
        return replace(status, healthy_since=None)
    units = await parts.world.ledger.units(status.name)
    if status.verified != status.release:
        status = replace(status, verified=status.release, verified_commit=status.commit)
        status = _with_plans(status, units)
        yes = [
            each.gate
            for each in status.gates
            if each.release == status.release and each.gate in names and each.ruling.lets_through
        ]
        said = f"yes from {', '.join(yes)}" if names else "every unit is ready, no gate is asked"
        await parts.recording.event(
            keys.stage_key(status.name), "Verified", said, revision=f"sha1:{status.commit}"
        )
    is_known = not any(unit.is_unknown(ConditionType.IN_SYNC) for unit in units)
    begun = replace(status, healthy_since=status.healthy_since or parts.world.clock.now())
    since = healthy_since(begun, units) if is_known else None
    status = await parts.recording.stage(replace(status, healthy_since=since))
    await stages.evidence.keep_proof(status)
    for later in stages.after(status.name):
        await parts.world.dispatcher.wake(keys.stage_key(later))
    return status


def _with_plans(status: StageStatus, units: Sequence[UnitStatus]) -> StageStatus:
    """Keep by which plans the release came, before later looks say of themselves."""
    changed = changed_at(status, units)
    risk, plans = tuple(map(risk_of, changed)), tuple(map(plan_of, changed))
    return replace(status, risk=risk, plans=plans[:PLANS])


async def _settle_partly(parts: Parts, status: StageStatus, target: StageTarget) -> StageStatus:
    """Say where a promotion stopped on its way: part of the units are there, others cannot go on.

    It stays so, and no stage after it moves, until a person has chosen how to go on.
    """
    places = await partly_there(parts.world.ledger, target, parts.units.is_suspended)
    told = tuple(map(str, places))
    status = replace(status, healthy_since=None, partial=told)
    if not places:
        return status
    name, commit = status.name, status.commit
    said = (
        f"somebody to choose: {how_far(places, name.product, commit)}. Mend it and let it go on,"
        f" commit a change, or go back with `trueup rollback {name}`"
    )
    before = await parts.world.ledger.stage(name)
    if before is None or before.partial != told:
        await parts.recording.event(
            keys.stage_key(name), "PartlyApplied", said, revision=f"sha1:{commit}", warning=True
        )
    return replace(status, waiting_for=said) if not status.candidate else status


async def take_back(
    parts: Parts, stages: Stages, status: StageStatus, pointer: Pointer, standing: Standing
) -> StageStatus:
    """Go back to the last verified release when a gate said no to the one that is here."""
    of_here = [result for result in status.gates if result.release == status.release]
    if not of_here or stages.gate_rule(status.name).lets_through(of_here, status.release):
        return status
    here = await stages.release(status.name.product, pointer.digest)
    if here is None:
        return status
    basis = Basis(await stages.evidence.question(status, pointer, here, standing.edit))
    now = parts.world.clock.now()
    decision = settle(basis, now)
    if decision.kind != DecisionKind.ROLL_BACK:
        unclear = "; ".join(r.reasons[0] for r in of_here if not r.ruling.lets_through)
        if not unclear:
            return status
        return replace(status, waiting_for=f"a release that passes its gates: {unclear}")
    await stages.evidence.forget_proof(status.name, pointer.digest)
    moved = pointer.taken_back_to(decision.release, now, hold=pointer.held(now))
    moved = await _write(parts, stages, decision, moved, basis=basis, instead_of=standing.text)
    status = await stages.adopt(replace(status, gates=()), moved)
    return replace(status, waiting_for="a new release: the last one was taken back")


async def _write(
    parts: Parts,
    stages: Stages,
    decision: Decision,
    pointer: Pointer,
    *,
    basis: Basis,
    instead_of: str | None,
) -> Pointer:
    revision = f"sha1:{pointer.commit}"
    async with (
        parts.journal.run(keys.stage_key(decision.stage), pointer.commit) as run,
        run.step("pointer") as step,
    ):
        try:
            moved = await stages.write(decision, pointer, instead_of=instead_of, basis=basis)
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
