"""Questions about stages, and the two acts that move one: writing its pointer, and adopting it."""

from collections.abc import Sequence
from dataclasses import replace

from controller.model.condition import ConditionType
from controller.model.decision import Decision
from controller.model.names import Digest, StageName, UnitName
from controller.model.release import Pointer, Release
from controller.model.status import StageStatus
from controller.steps.decide import Answer, EarlierStage, Question
from controller.workflows import keys
from controller.workflows.catalogs import StageTarget
from controller.workflows.parts import Parts
from controller.workflows.pointers import (
    decision_path,
    pointer_path,
    read_pointer,
    write_decision,
    write_pointer,
)
from controller.workflows.secret_documents import changed_secrets, secrets_of
from schemas.kinds.environment import Environment

SECRET = "secret "  # noqa: S105 - begins the name of a secret among what is not ready


ALL = 1_000_000
"""More releases than a product will ever have."""


class Stages:
    """Answers about stages from Git and the ledger."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._world = parts.world

    def is_suspended(self, name: StageName) -> bool:
        """Tell whether the stage's environment is suspended in Git."""
        head = self._parts.catalogs.known_head().catalog
        environment = head.find(Environment, name.environment)
        return environment is not None and environment.spec.suspended

    async def candidate(self, name: StageName, pointer: Pointer | None) -> Release | None:
        """Give the release that should be let into a stage; None when there is nothing new.

        A first stage takes what the head of the branch holds; another one what was verified in
        every stage before it. A release that was rolled back from here is not tried again.
        """
        entry = self._parts.catalogs.pipeline_stage(name)
        if entry.after:
            found = await self._verified_before(entry.after, name)
        else:
            found = self._parts.catalogs.release_at_head(name.product)
            if found is not None:
                found = await self._world.ledger.put_release(found)
        if found is None or (pointer and found.digest in {pointer.digest, pointer.rejected}):
            return None
        return found

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

    async def question(
        self, status: StageStatus, pointer: Pointer | None, candidate: Release
    ) -> Question:
        """Gather all that a decision about a stage rests on."""
        name = status.name
        entry = self._parts.catalogs.pipeline_stage(name)
        required = entry.approvals.required
        asked = await self._parts.wishes.is_asked_for(name, candidate.digest)
        held = None if entry.auto or asked or not entry.after else "it is moved by hand"
        return Question(
            stage=name,
            candidate=candidate,
            previous=pointer.commit if pointer else "",
            current=pointer.digest if pointer else None,
            after=tuple(
                [await self._earlier(StageName(name.product, e), candidate) for e in entry.after]
            ),
            gates_required=entry.gates,
            gates=status.gates,
            verified=await self._verified(status),
            rejected=pointer.rejected if pointer else None,
            approvals_required=required,
            approvals=tuple(await self._world.ledger.approvals(name, candidate.digest)),
            suspended=self.is_suspended(name),
            held="somebody suspended it" if await self._parts.wishes.is_suspended(name) else held,
        )

    async def _verified(self, status: StageStatus) -> Release | None:
        if status.verified is None:
            return None
        return await self.release(status.name.product, status.verified)

    async def _earlier(self, name: StageName, candidate: Release) -> EarlierStage:
        status = await self._world.ledger.stage(name)
        entry = self._parts.catalogs.pipeline_stage(name)
        if status is None or status.commit is None:
            return EarlierStage(name, None, gates_required=entry.gates)
        target = await self._parts.catalogs.stage_target(name, status.commit)
        missing = await self.not_ready(target)
        drifted = [
            unit.name.stack
            for unit in await self._world.ledger.units(name)
            if unit.drift or unit.is_unknown(ConditionType.IN_SYNC)
        ]
        secrets = tuple(n.removeprefix(SECRET) for n in missing if n.startswith(SECRET))
        units = tuple(n for n in missing if not n.startswith(SECRET))
        is_here = status.release == candidate.digest
        return EarlierStage(
            stage=name,
            release=status.release,
            ready=Answer(ok=is_here and not units, names=units),
            in_sync=Answer(ok=not drifted, names=tuple(sorted(drifted))),
            secrets=Answer(ok=not secrets, names=secrets),
            gates_required=entry.gates,
            gates=status.gates,
        )

    async def release(self, product: str, digest: Digest) -> Release | None:
        """Give a release that was seen, by its digest."""
        return await self._world.ledger.release(product, digest)

    async def write(
        self, decision: Decision, pointer: Pointer, *, instead_of: str | None
    ) -> Pointer:
        """Write a decision and the pointer that it moves, in one commit.

        `instead_of` is the file that the decision rested on (None: there was none). Raises
        PlanStale when somebody moved the stage in between: their word is never overwritten.
        """
        record = write_decision(decision)
        digest = await self._world.artifacts.put(record.encode())
        moved = replace(pointer, decision=digest)
        name = decision.stage
        await self._world.pointers.write(
            {pointer_path(name): write_pointer(moved), decision_path(name, digest): record},
            message=_message(decision),
            expect={pointer_path(name): instead_of},
        )
        return moved

    async def pointer(self, name: StageName) -> tuple[Pointer | None, str | None]:
        """Read a stage's pointer from Git, with the text of its file."""
        files = await self._world.pointers.read()
        return read_pointer(name, files), files.get(pointer_path(name))

    async def adopt(self, status: StageStatus, pointer: Pointer) -> StageStatus:
        """Make the pointer's release what is wanted here, and wake whom it concerns."""
        release = await self.release(pointer.stage.product, pointer.digest)
        adopted = replace(
            status,
            commit=pointer.commit,
            release=pointer.digest,
            subject=release.subject if release else "",
            author=release.author if release else "",
            decision=pointer.decision,
        )
        if status.release != pointer.digest:
            adopted = replace(adopted, ready=False)
        adopted = await self._parts.recording.stage(adopted)
        await self.wake_all(adopted)
        return adopted

    async def wake_all(self, status: StageStatus) -> None:
        """Wake every unit and secret of a stage that is not what is wanted, or not wanted.

        A unit that knows of it and waits, or has failed, has its next turn planned: it is woken
        only when the head or the release is another one than at the last time.
        """
        world, name = self._world, status.name
        target = await self._parts.catalogs.stage_target(name, status.commit)
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

    async def _known(self, name: StageName) -> set[UnitName]:
        return {status.name for status in await self._world.ledger.units(name)}

    async def not_ready(self, target: StageTarget) -> tuple[str, ...]:
        """Name the units and secrets of a stage that are not as its release says."""
        found = []
        wanted = {w.unit.name: w.commit for w in target.wanted()}
        for unit in sorted({*wanted, *await self._known(target.name)}):
            status = await self._world.ledger.unit(unit)
            is_ready = (
                status is not None and status.outcome is not None and not status.drift
                and status.outcome.commit == wanted.get(unit)
                and status.is_true(ConditionType.READY)
            )  # fmt: skip
            if not is_ready:
                found.append(str(unit.stack))
        for secret in secrets_of(target):
            delivered = await self._world.ledger.secret(secret)
            if delivered is None or not delivered.ready:
                found.append(f"{SECRET}{secret.secret}")
        return tuple(found)


def _message(decision: Decision) -> str:
    return (
        f"{decision.stage}: {decision.kind} {decision.release.commit[:12]}\n\n{decision.because}\n"
    )
