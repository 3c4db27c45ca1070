"""What could come to a stage, and the two acts that move one: writing its pointer, adopting it."""

from collections.abc import Sequence
from dataclasses import replace

from controller.model.condition import ConditionType
from controller.model.decision import Decision
from controller.model.names import Digest, StageName
from controller.model.pointer_change import HandEdit
from controller.model.release import Pointer, Release
from controller.model.status import StageStatus
from controller.steps.decide.gates import GateRule
from controller.steps.decide.settle import Basis
from controller.workflows import keys
from controller.workflows.catalogs import StageTarget
from controller.workflows.evidence import Evidence
from controller.workflows.hand_edits import ALL, Pointers, Standing
from controller.workflows.parts import Parts
from controller.workflows.pointers import (
    bind,
    decision_path,
    pointer_path,
    write_pointer,
)
from controller.workflows.readiness import not_ready
from controller.workflows.records import Records
from controller.workflows.secret_documents import changed_secrets, secrets_of
from controller.workflows.wishes import Wish


class Stages:
    """Answers about stages from Git and the ledger."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._world = parts.world
        self._records = Records(parts.world, parts.catalogs)
        self.evidence = Evidence(parts)
        self._pointers = Pointers(parts)

    async def target(self, status: StageStatus) -> StageTarget:
        """Tell what a stage should be, by the release it is at."""
        held = status.hold is not None
        return await self._parts.catalogs.stage_target(status.name, status.commit, held=held)

    async def candidate(self, name: StageName, standing: Standing) -> Release | None:
        """Give the release that should be let into a stage; None when there is nothing new.

        A first stage takes what the head of the branch holds; another one what was verified in
        every stage before it, the newest there is, unless somebody named one. A release that was
        taken back from here is not tried again, unless somebody asks for it since. What somebody
        proposed by an edit of the pointer counts as named.
        """
        entry, pointer = self._parts.catalogs.pipeline_stage(name), standing.pointer
        wish = proposed(standing.edit) or await self._parts.wishes.asked_for(name)
        if wish is not None and wish.pinned and entry.after and await self._may_come(wish, pointer):
            return await self.release(name.product, wish.release)
        if entry.after:
            found = await self._verified_before(entry.after, name)
        else:
            found = self._parts.catalogs.release_at_head(name.product)
            if found is not None:
                found = await self._world.ledger.put_release(found)
        if found is None or (pointer and found.digest == pointer.digest):
            return None
        if entry.after and pointer and await self._steps_back(found, pointer):
            return None
        asked_again = wish is not None and wish.release == found.digest
        if pointer and pointer.back_from(found.digest) and not asked_again:
            return None
        return found

    async def _may_come(self, wish: Wish, pointer: Pointer | None) -> bool:
        """Tell whether a wish still means something: it is no way back, nor one back again."""
        if pointer is None:
            return True
        back = pointer.back_from(wish.release)
        if back is not None and (not back.by or back.at is None or wish.at <= back.at):
            return False
        return await self.is_newer(pointer.stage.product, wish.release, pointer.digest)

    async def _steps_back(self, found: Release, pointer: Pointer) -> bool:
        """Tell whether a release is older than the one that is here, and the head does not say it.

        A stage before that went back takes nobody along; a commit that reverts others does.
        """
        head = self._parts.catalogs.release_at_head(found.product)
        is_at_head = head is not None and head.digest == found.digest
        return not is_at_head and await self.is_newer(found.product, pointer.digest, found.digest)

    async def is_newer(self, product: str, release: Digest, than: Digest) -> bool:
        """Tell whether a release was first seen after another one; not when either is unknown."""
        order = [each.digest for each in await self._world.ledger.releases(product, limit=ALL)]
        if release not in order or than not in order:
            return False
        return order.index(release) < order.index(than)

    async def _verified_before(self, after: Sequence[str], name: StageName) -> Release | None:
        digests = set()
        for environment in after:
            before = await self._world.ledger.stage(StageName(name.product, environment))
            if before is None or before.verified is None or before.verified != before.release:
                return None
            digests.add(before.verified)
        if len(digests) != 1:
            return None
        return await self.release(name.product, digests.pop())

    def after(self, name: StageName) -> tuple[StageName, ...]:
        """Give the stages that come right after one."""
        pipeline = self._parts.catalogs.pipeline(name.product)
        return tuple(
            StageName(name.product, stage.environment)
            for stage in (pipeline.spec.stages if pipeline else ())
            if name.environment in stage.after
        )

    def gate_rule(self, name: StageName) -> GateRule:
        """Give the gates of a stage, as the pipeline at the head has them."""
        entry = self._parts.catalogs.pipeline_stage(name)
        return GateRule(name, entry.all_of, entry.one_of)

    async def release(self, product: str, digest: Digest) -> Release | None:
        """Give a release that was seen, by its digest."""
        return await self._world.ledger.release(product, digest)

    async def write(
        self,
        decision: Decision,
        pointer: Pointer,
        *,
        instead_of: str | None,
        basis: Basis | None = None,
    ) -> Pointer:
        """Write a decision and the pointer that it moves, in one commit.

        `basis` is what the rules decided from; None when a person did. `instead_of` is the file
        that the decision rested on (None: there was none). Raises PlanStale when somebody moved the
        stage in between: their word is never overwritten.
        """
        name = decision.stage
        numbered = replace(decision, number=pointer.number)
        digest, record = await self._records.make(numbered, basis)
        moved = replace(pointer, decision=digest)
        text = write_pointer(moved)
        await self._world.pointers.write(
            {pointer_path(name): text, decision_path(name, digest): record},
            message=bind(_message(decision), text),
            expect={pointer_path(name): instead_of},
        )
        await self._pointers.note(name, text)
        return moved

    async def keep(self, decision: Decision, basis: Basis) -> None:
        """Write a decision that moves nothing."""
        digest, record = await self._records.make(decision, basis)
        await self._world.pointers.write(
            {decision_path(decision.stage, digest): record}, message=_message(decision), expect={}
        )

    async def pointer(self, name: StageName) -> Standing:
        """Read a stage's pointer from Git: the one that counts, and the text of its file."""
        return await self._pointers.standing(name)

    async def adopt(self, status: StageStatus, pointer: Pointer) -> StageStatus:
        """Make the pointer's release what is wanted here, and wake whom it concerns."""
        release = await self.release(pointer.stage.product, pointer.digest)
        hold = pointer.held(self._world.clock.now())
        adopted = replace(
            status,
            commit=pointer.commit,
            release=pointer.digest,
            subject=release.subject if release else "",
            author=release.author if release else "",
            decision=pointer.decision,
            number=pointer.number,
            hold=hold,
            rejected=pointer.taken_back[0].release if pointer.taken_back else None,
        )
        if status.release != pointer.digest:
            if pointer.back_from(status.release) is None:
                await self.evidence.keep_proof(status)
            known = await self.evidence.proof(status.name, pointer.digest)
            adopted = replace(
                adopted, ready=False, healthy_since=None, partial=(),
                risk=known.risk if known else (), plans=known.plans if known else (),
            )  # fmt: skip
        if (status.hold is None) != (hold is None):
            self._parts.surveyed.pop(status.name, None)  # what is wanted may be another thing now
        adopted = await self._parts.recording.stage(adopted)
        await self.wake_all(adopted)
        return adopted

    async def wake_all(self, status: StageStatus) -> None:
        """Wake every unit and secret of a stage that is not what is wanted, or not wanted.

        A unit that knows of it and waits, or has failed, has its next turn planned: it is woken
        only when the head or the release is another one than at the last time.
        """
        world, name = self._world, status.name
        target = await self.target(status)
        woken = []
        for secret in secrets_of(target):
            found = await world.ledger.secret(secret)
            if found is None or not found.ready:
                woken.append(keys.secret_key(secret))
        changed = changed_secrets(target, self._parts.used_secrets)
        woken += [key for each in changed if (key := keys.secret_key(each)) not in woken]
        others = await self._parts.survey.settle(target)
        seen = (self._parts.catalogs.known_head().commit, status.commit)
        is_new = self._parts.surveyed.get(name) != seen
        for unit in sorted(others):
            wanted, at = target.find(unit), await world.ledger.unit(unit)
            waits = wanted is not None and at is not None and at.desired == wanted.commit
            if is_new or not waits or (at is not None and at.is_true(ConditionType.READY)):
                woken.append(keys.unit_key(unit))
        await world.dispatcher.wake_all(woken)
        self._parts.surveyed[name] = seen

    async def missing(self, target: StageTarget) -> tuple[str, ...]:
        """Name the units and secrets of a stage that are not as its release says."""
        return await not_ready(self._world.ledger, target)


def proposed(edit: HandEdit | None) -> Wish | None:
    """Give the wish that an edit is."""
    if edit is None or not edit.is_proposal or edit.release is None:
        return None
    return Wish(edit.release.digest, edit.asked_by, edit.at, pinned=True)


def _message(decision: Decision) -> str:
    kind, commit = decision.kind, decision.release.commit[:12]
    by = f"\n\nAsked for by {decision.by}." if decision.by else ""
    return f"{decision.stage}: {kind} {commit}\n\n{decision.because}{by}\n"
