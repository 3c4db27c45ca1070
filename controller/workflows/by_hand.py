"""The record of an edit of a pointer that counts: who moved a stage by hand, from what, to what."""

from collections.abc import Mapping
from dataclasses import replace

from controller.diagnostics.errors import PlanStale, Transient
from controller.model.canonical import digest_of
from controller.model.decision import Decision, DecisionKind, EvidenceItem
from controller.model.names import Digest
from controller.model.pointer_change import PointerChange
from controller.model.record import Standing
from controller.model.release import Pointer, Release
from controller.steps.decide.verify import verify
from controller.steps.hand_edit import Edited, who_edited
from controller.workflows.parts import Parts
from controller.workflows.pointers import decision_path, decisions_path, pointer_path, read_decision
from controller.workflows.records import Records

CHECK = "edited by hand"


async def record_edit(
    parts: Parts, edited: Edited, found: Pointer, files: Mapping[str, str]
) -> Pointer:
    """Keep that an edit is followed, on the branch and once; gives the pointer that names it.

    `files` are those of the branch. The record lies on top of the edit, which stays as it is.
    Raises Transient when somebody moved the stage in between.
    """
    change, number = edited.changes[0], found.number + 1
    known = _known(parts, edited, change, files)
    if known is not None:  # an earlier life was killed before it had noted that
        return replace(found, decision=known, number=number)
    decision = await _decision(parts, edited, found, number)
    digest, text = await Records(parts.world, parts.catalogs).make(decision, None)
    try:
        await parts.world.pointers.write(
            {decision_path(edited.stage, digest): text},
            message=f"{edited.stage}: by hand {found.commit[:12]}\n\n{decision.because}\n",
            expect={pointer_path(edited.stage): change.text},
        )
    except PlanStale as error:
        raise Transient(error.diagnostics) from error
    return replace(found, decision=digest, number=number)


async def _decision(parts: Parts, edited: Edited, found: Pointer, number: int) -> Decision:
    change, before, product = edited.changes[0], edited.standing, edited.stage.product
    seen = await parts.world.ledger.release(product, found.digest)
    release = seen or Release(product, found.commit, found.digest)
    who = who_edited(change)
    was = f"{product}@{before.commit[:12]}" if before else "nothing"
    moved = f"from {was} to {release}" if was != str(release) else f"{release} stays"
    said = f"`{edited.path}` was edited by {who} in {change.commit[:12]}: {moved}"
    items = [EvidenceItem(CHECK, ok=True, detail=said, evidence=change.commit)]
    if edited.signers:
        signed = f"{change.commit[:12]} is signed by {change.signature.signer}, who may move it"
        items.append(EvidenceItem("signature", ok=True, detail=signed))
    return Decision(
        kind=DecisionKind.BY_HAND,
        stage=edited.stage,
        release=release,
        previous=before.commit if before else "",
        decided_at=parts.world.clock.now(),
        because=f"{said}; it counts by `handEdits: accept` of the pipeline, no gate was asked",
        items=tuple(items),
        by=who,
        authors=(release.author,) if release.author else (),
        number=number,
    )


def _known(
    parts: Parts, edited: Edited, change: PointerChange, files: Mapping[str, str]
) -> Digest | None:
    """Find our own record of exactly this edit on the branch."""
    folder = decisions_path(edited.stage)
    for path, text in files.items():
        decision = read_decision(text) if path.startswith(folder) else None
        if decision is None or decision.kind != DecisionKind.BY_HAND:
            continue
        is_of_it = any(item.evidence == change.commit for item in decision.items)
        if is_of_it and verify(text, parts.world.seal).standing == Standing.VALID:
            return digest_of(text)
    return None
