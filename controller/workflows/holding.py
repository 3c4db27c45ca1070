"""What people do to a stage: hold it where it is, lift that, and go back to an earlier release.

Each is a decision with a record, and one commit to the promotions branch: it survives a lost
database, and nothing that the controller does by itself undoes it.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from controller.diagnostics.errors import PlanStale, Stalled
from controller.model.canonical import digest_of
from controller.model.decision import Decision, DecisionKind, EvidenceItem
from controller.model.names import Digest, StageName
from controller.model.release import Hold, Pointer, Release
from controller.steps.hand_edit import ways_out
from controller.workflows import keys
from controller.workflows.gate_runs import end_runs
from controller.workflows.parts import Parts
from controller.workflows.pointers import decision_path, decisions_path, read_decision
from controller.workflows.stages import Stages

TRIES = 3
SHORTEST = 7
"""So many digits of a commit are needed, as git does by itself."""


@dataclass(frozen=True, slots=True)
class Order:
    """Who wants something, why, and until when."""

    by: str
    reason: str
    until: datetime | None = None


Change = Callable[[Pointer], Awaitable[tuple[Decision, Pointer]]]


async def hold(parts: Parts, name: StageName, order: Order) -> Pointer:
    """Keep a stage at its release until somebody lifts it, or until an instant."""
    now = parts.world.clock.now()
    if order.until is not None and order.until <= now:
        raise Stalled.because("`until` is over already", hint="give an instant that is to come")

    async def change(pointer: Pointer) -> tuple[Decision, Pointer]:
        made = Hold(order.by, now, order.reason, order.until)
        decision = await _decision(parts, DecisionKind.HOLD, pointer, order, str(made))
        return decision, replace(pointer, hold=made)

    return await _do(parts, name, change, "Held")


async def lift(parts: Parts, name: StageName, order: Order) -> Pointer:
    """End a hold. Raises Stalled when there is none."""

    async def change(pointer: Pointer) -> tuple[Decision, Pointer]:
        if pointer.hold is None:
            raise Stalled.because(
                f"nobody holds `{name}`",
                hint=f"nothing to do; `trueup describe {name}` tells what it waits for",
                code="promote/not-held",
            )
        said = f"{order.by} lifted the hold of {pointer.hold.by} ({pointer.hold.reason})"
        said += f": {order.reason}" if order.reason else ""
        decision = await _decision(parts, DecisionKind.LIFT, pointer, order, said)
        return decision, replace(pointer, hold=None)

    return await _do(parts, name, change, "Lifted")


async def roll_back(parts: Parts, name: StageName, order: Order, to: str = "") -> Pointer:
    """Go back to a release that was here before, and hold the stage there until it is lifted.

    `to` is a digest, or a commit or its beginning; without it, the last other release that was
    here and was not taken back. Raises Stalled when there is none, or it cannot be read any more.
    """
    stages, now = Stages(parts), parts.world.clock.now()

    async def change(pointer: Pointer) -> tuple[Decision, Pointer]:
        target = await earlier_release(parts, pointer, to)
        await parts.catalogs.at(target.commit)  # only what was accepted can be read
        await stages.evidence.forget_proof(name, pointer.digest)
        made = Hold(order.by, now, f"rolled back: {order.reason}", order.until)
        said = f"{order.by} goes back to {target} from {pointer.commit[:12]}: {order.reason}"
        decision = await _decision(parts, DecisionKind.ROLL_BACK, pointer, order, said, target)
        return decision, pointer.taken_back_to(target, now, by=order.by, hold=made)

    moved = await _do(parts, name, change, "RolledBack", over_edit=True)
    await parts.wishes.withdraw(name)
    return moved


async def put_back(parts: Parts, name: StageName, order: Order) -> Pointer:
    """Write the pointer as it was before somebody edited it. Raises Stalled when nobody did."""
    standing = await Stages(parts).pointer(name)
    if standing.edit is None:
        raise not_edited(name)
    edit = standing.edit
    instead = f"in place of {edit.release}, " if edit.release else ""

    async def change(pointer: Pointer) -> tuple[Decision, Pointer]:
        here = f"{name.product}@{pointer.commit[:12]}"
        said = f"{order.by} puts back {here}, {instead}what was edited by hand: {edit.said}"
        said += f": {order.reason}" if order.reason else ""
        decision = await _decision(parts, DecisionKind.PUT_BACK, pointer, order, said)
        return decision, pointer

    return await _do(parts, name, change, "PutBack", over_edit=True)


def not_edited(name: StageName) -> Stalled:
    """Say that there is no edit that waits."""
    return Stalled.because(
        f"nobody has edited the pointer of `{name}`, or the edit counts already",
        hint=f"`trueup history {name}` lists the moves",
        code="promote/not-edited",
    )


async def earlier_release(parts: Parts, pointer: Pointer, to: str = "") -> Release:
    """Find the release to go back to among the decisions on the branch. Raises Stalled."""
    found = await moves_of(parts, pointer.stage)
    # Each of these is of a release that was here; after a loss of the branch a hold may be all.
    moves = [each for _, each in found if each.kind != DecisionKind.REFUSE]
    if to:
        fitting = {
            each.release.digest: each.release
            for each in moves
            if each.release.digest == to
            or (len(to) >= SHORTEST and each.release.commit.startswith(to))
        }
        if len(fitting) != 1 or pointer.digest in fitting:
            raise Stalled.because(
                f"`{to}` names no other release, or several, that was at `{pointer.stage}` before",
                hint=f"`trueup history {pointer.stage}` lists them",
                code="promote/no-way-back",
            )
        return next(iter(fitting.values()))
    bad: set[str] = {pointer.digest, *(each.release for each in pointer.taken_back)}
    for each in moves:  # what went back from here and came again since is met as come first
        if each.release.digest not in bad and each.release.commit not in bad:
            return each.release
        if each.kind == DecisionKind.ROLL_BACK:
            bad.add(each.previous)
    others = dict.fromkeys(e.release for e in moves if e.release.digest != pointer.digest)
    if not others:
        raise Stalled.because(
            f"no other release was at `{pointer.stage}` before",
            hint="revert the commit in the repository, or hold the stage",
            code="promote/no-way-back",
        )
    newest = next(iter(others))
    raise Stalled.because(
        f"every other release that was at `{pointer.stage}` was taken back from there",
        hint=f"`trueup rollback {pointer.stage} --to {newest.commit[:12]}` goes to {newest} again",
        code="promote/no-way-back",
    )


async def moves_of(parts: Parts, name: StageName) -> Sequence[tuple[Digest, Decision]]:
    """Give every decision about a stage on the promotions branch with its digest, newest first."""
    return moves_among(await parts.world.pointers.read(decisions_path(name)), name)


def moves_among(files: Mapping[str, str], name: StageName) -> Sequence[tuple[Digest, Decision]]:
    """Find every decision about a stage among the files of the branch, the newest first."""
    folder = decisions_path(name)
    found = [
        (digest_of(text), decision)
        for path, text in files.items()
        if path.startswith(folder) and (decision := read_decision(text)) is not None
        and decision.stage == name and path == decision_path(name, digest_of(text))
    ]  # fmt: skip
    return sorted(found, key=lambda each: (each[1].number, each[1].decided_at), reverse=True)


async def _do(
    parts: Parts, name: StageName, change: Change, reason: str, *, over_edit: bool = False
) -> Pointer:
    stages = Stages(parts)
    for _ in range(TRIES):
        standing = await stages.pointer(name)
        pointer = standing.pointer
        if standing.edit is not None and not over_edit:
            raise Stalled.because(
                ways_out(name, standing.edit),
                hint=f"`trueup rollback {name}` writes over it as well",
                code="promote/hand-edited",
            )
        if pointer is None:
            raise Stalled.because(
                f"no release is at `{name}` yet",
                hint=f"`trueup suspend {name}` keeps the first one out",
                code="promote/nothing-there",
            )
        decision, moved = await change(pointer)
        moved = replace(moved, number=pointer.number + 1)
        try:
            moved = await stages.write(decision, moved, instead_of=standing.text)
        except PlanStale:
            continue
        if moved.hold is not None:
            await end_runs(parts, name)
        await parts.recording.event(
            keys.stage_key(name), reason, f"{decision.release}: {decision.because}",
            revision=f"sha1:{moved.commit}", warning=reason == "RolledBack",
        )  # fmt: skip
        await parts.world.dispatcher.wake(keys.stage_key(name), priority=5)
        return moved
    raise Stalled.because(
        f"`{name}` was moved by somebody else {TRIES} times in a row",
        hint="look at what is there now, and decide again",
        code="promote/moved-meanwhile",
    )


async def _decision(
    parts: Parts,
    kind: DecisionKind,
    pointer: Pointer,
    order: Order,
    because: str,
    release: Release | None = None,
) -> Decision:
    known = await parts.world.ledger.release(pointer.stage.product, pointer.digest)
    here = known or Release(pointer.stage.product, pointer.commit, pointer.digest)
    words = {"hold": "hold", "lift": "lift", "roll-back": "go back", "put-back": "put it back"}
    return Decision(
        kind=kind,
        stage=pointer.stage,
        release=release or here,
        previous=pointer.commit,
        decided_at=parts.world.clock.now(),
        because=because,
        items=(
            EvidenceItem("asked by a person", ok=True, detail=f"{order.by} wants to {words[kind]}"),
        ),
        by=order.by,
        authors=(here.author,) if here.author else (),
    )
