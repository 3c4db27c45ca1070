"""A release that waited and does not come: that is a decision too, kept once."""

from dataclasses import replace

from controller.model.decision import DecisionKind
from controller.model.release import Pointer, Release
from controller.model.status import StageStatus
from controller.steps.decide.settle import Basis, settle
from controller.workflows.holding import moves_of
from controller.workflows.parts import Parts
from controller.workflows.stages import Stages


async def refuse(
    parts: Parts, status: StageStatus, pointer: Pointer | None, old: Release, instead: str
) -> None:
    """Keep why a release that waited does not come, unless an earlier life has done so.

    Raises RepositoryUnreachable.
    """
    number = pointer.number if pointer else 0
    for _, known in await moves_of(parts, status.name):
        is_same = known.release.digest == old.digest and known.number == number
        if known.kind == DecisionKind.REFUSE and is_same:
            return
    stages = Stages(parts)
    question = await stages.evidence.question(status, pointer, old)
    basis = Basis(question, instead, status.waiting_for)
    decision = settle(basis, parts.world.clock.now())
    await stages.keep(replace(decision, number=number), basis)
