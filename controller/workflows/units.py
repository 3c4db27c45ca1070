"""Questions about units that workflows ask: what is wanted, what it reads, whether it is there."""

import contextlib
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime

from controller.diagnostics.errors import DependencyNotReady, Stalled
from controller.model.condition import ConditionType
from controller.model.drift import is_put_back
from controller.model.graph import Unit
from controller.model.names import Commit, Digest, SecretName, StageName, UnitName
from controller.model.outcome import fingerprint
from controller.model.plan import Plan
from controller.model.status import UnitStatus
from controller.model.verdict import Level, PolicyFinding, Ruling, Verdict
from controller.model.workspace import Upstream
from controller.ports.engine import Engine, EngineProcess, OnProcess
from controller.workflows import keys
from controller.workflows.approvals import approval_subject
from controller.workflows.catalogs import Catalogs, StageTarget, Wanted
from controller.workflows.journal import OpenStep, RunJournal
from controller.workflows.judging import Judging
from controller.workflows.lost_states import has_other_state, state_finding
from controller.workflows.wishes import Wishes
from controller.workflows.world import World
from schemas.kinds.environment import Environment


class Units:
    """Answers from the catalogs and the ledger; changes nothing but wake-ups."""

    def __init__(self, world: World, catalogs: Catalogs, wishes: Wishes) -> None:
        self._world = world
        self._wishes = wishes
        self._catalogs = catalogs
        self._awaited: dict[StageName, UnitName] = {}
        """A unit of each stage that was not there yet when it was last looked at: asked first."""
        self._judging = Judging(world, catalogs)

    async def target(self, stage: StageName) -> StageTarget:
        """Tell what a stage should be, by the release it is at. Raises DependencyNotReady."""
        status = await self._world.ledger.stage(stage)
        if status is None:
            return await self._catalogs.stage_target(stage, None)
        held = status.hold is not None
        return await self._catalogs.stage_target(stage, status.commit, held=held)

    async def find_wanted(self, name: UnitName) -> Wanted | None:
        """Give what a unit should be; None when it should not be there (any more)."""
        return (await self.target(name.stage)).find(name)

    def environment(self, wanted: Wanted) -> Environment:
        """Give the unit's environment as it is at the head. Raises Stalled."""
        name = wanted.unit.name.environment
        found = wanted.catalog.find(Environment, name)
        if found is None:
            raise Stalled.because(f"there is no environment `{name}`")
        return found

    async def is_suspended(self, wanted: Wanted) -> bool:
        """Tell whether the unit is to be left alone: its environment, its stage or it itself."""
        by_hand = await self._wishes.is_suspended(wanted.unit.name)
        return by_hand or self.environment(wanted).spec.suspended

    async def engine(self, wanted: Wanted) -> Engine:
        """Give the engine that the unit's environment names. Raises Stalled when it is not here.

        Where the environment says `auto`, a unit stays with the engine that applied it first: a
        binary that appears on PATH changes nothing by itself.
        """
        named: str = self.environment(wanted).spec.engine
        if named == "auto":
            status = await self._world.ledger.unit(wanted.unit.name)
            if status is not None and status.outcome is not None:
                named = status.outcome.engine.partition(" ")[0]
        return await self._world.engine(named, wanted.unit.name.environment)

    async def last_applied(self, status: UnitStatus) -> Wanted | None:
        """Give a unit as it was at the commit that was applied last.

        Where the platform has no such environment or product any more, the platform of that commit
        holds: what was made there can still be looked at, and taken away.
        """
        return await self._as_of(status.name, status.outcome.commit) if status.outcome else None

    async def last_begun(self, status: UnitStatus) -> Wanted | None:
        """Give a unit as it was applied last, or as it was when its first apply was cut off."""
        if status.outcome is None and status.made_with:
            return await self._as_of(status.name, status.desired)
        return await self.last_applied(status)

    async def _as_of(self, name: UnitName, commit: Commit) -> Wanted | None:
        loaded = await self._catalogs.at(commit)
        catalog, graph = self._catalogs.composed(name.product, loaded)
        unit = graph.units.get(name)
        if unit is None:
            catalog, graph = self._catalogs.alone(loaded)
            unit = graph.units.get(name)
        return Wanted(unit, catalog, loaded.commit, loaded.snapshot) if unit else None

    async def upstream(
        self,
        wanted: Wanted,
        *,
        whatever_it_is: bool = False,
        known: Mapping[UnitName, UnitStatus] | None = None,
    ) -> Upstream:
        """Gather what the inputs refer to. Raises DependencyNotReady until all of it is there.

        With `whatever_it_is`, as for a look for drift, what is known now is enough. `known` are
        statuses that somebody has looked at already, all of them ready.
        """
        unit = wanted.unit
        if not whatever_it_is:
            await self._check_needs(unit, known)
        return Upstream(
            outputs=await self._outputs(unit, known),
            pending=frozenset(),
            secret_addresses={
                name: self._world.secret_target.address(name) for name in unit.needs_secrets
            },
            tree_paths=await self._place_trees(wanted),
            secret_versions=await self._secret_versions(wanted),
        )

    async def _check_needs(self, unit: Unit, known: Mapping[UnitName, UnitStatus] | None) -> None:
        """Raise DependencyNotReady while a unit that comes first is not at its wanted commit."""
        missing = []
        if known is None and unit.needs_units:
            target = await self.target(unit.name.stage)
            for name in unit.needs_units:
                status, first = await self._world.ledger.unit(name), target.find(name)
                if first is None or status is None or not is_there(status, first.commit):
                    missing.append(f"unit `{name}`")
        for secret in unit.needs_secrets:
            delivered = await self._world.ledger.secret(secret)
            if delivered is None or not delivered.ready:
                missing.append(f"secret `{secret}`")
        if missing:
            raise DependencyNotReady.because(f"waits for {', '.join(missing)}")

    async def _outputs(
        self, unit: Unit, known: Mapping[UnitName, UnitStatus] | None
    ) -> Mapping[UnitName, Mapping[str, object]]:
        found = {}
        for name in unit.needs_units:
            status = known.get(name) if known else await self._world.ledger.unit(name)
            if status is not None and status.outcome is not None:
                outputs = status.outcome.outputs
                missing = {read for of, read in unit.reads if of == name and read not in outputs}
                found[name] = {**await self._nulls(status, missing), **outputs}
        return found

    async def _nulls(self, status: UnitStatus, missing: AbstractSet[str]) -> Mapping[str, object]:
        """Give the outputs that a unit has and that no state names, because they are null."""
        if not missing:
            return {}
        applied = None
        with contextlib.suppress(Stalled):  # its commit is gone: then nobody knows
            applied = await self.last_applied(status)
        module = applied.catalog.modules.get(applied.unit.stack.spec.module) if applied else None
        outputs = module.outputs if module else {}
        return {name: None for name in missing if name in outputs and not outputs[name].sensitive}

    async def _secret_versions(self, wanted: Wanted) -> Mapping[SecretName, int]:
        """Give the generations that the module asks for; most modules ask for none."""
        unit, found = wanted.unit, {}
        module = wanted.catalog.modules.get(unit.stack.spec.module)
        asked = module.secret_versions(unit.inputs).values() if module else ()
        for each in asked:
            name = SecretName(unit.name.product, unit.name.environment, each.secret)
            status = await self._world.ledger.secret(name)
            if status is not None and status.delivery is not None:
                found[name] = status.delivery.generation
        return found

    async def _place_trees(self, wanted: Wanted) -> Mapping[str, str]:
        placed = {}
        for path in wanted.unit.stack.paths():
            files = self._catalogs.tree(wanted.snapshot, path)
            digest = self._catalogs.tree_digest(wanted, path)
            placed[path] = str(await self._world.workspaces.place_tree(digest, files))
        return placed

    async def secret_inputs(
        self, target: StageTarget, secret: SecretName
    ) -> Mapping[tuple[UnitName, str], object]:
        """Give the outputs that a secret is made from. Raises DependencyNotReady."""
        found: dict[tuple[UnitName, str], object] = {}
        for name, output in target.graph.secret_reads.get(secret, ()):
            status = await self._world.ledger.unit(name)
            if status is None or status.outcome is None or output not in status.outcome.outputs:
                raise DependencyNotReady.because(f"waits for output `{output}` of unit `{name}`")
            found[name, output] = status.outcome.outputs[output]
        return found

    async def is_as_wanted(
        self, wanted: Wanted, status: UnitStatus, workspace: Digest, engine: Engine
    ) -> bool:
        """Tell, without any process, that nothing has to be planned.

        Drift is put back where the stack says so, or when somebody asks; else it is only told.
        """
        return (
            status.outcome is not None
            and not self.is_corrected(wanted, status)
            and not (status.drift and await self._wishes.is_correction_asked(status.name))
            and status.is_true(ConditionType.APPLIED)
            and not status.failures
            and not has_other_state(status)
            and self.is_configured(status, workspace, engine)
            and len(status.made_with) <= 1  # else an apply elsewhere was cut off
        )

    @staticmethod
    def is_corrected(wanted: Wanted, status: UnitStatus) -> bool:
        """Tell whether the unit has drift that is put back without that anybody asks."""
        is_meant = wanted.unit.stack.spec.drift.mode == "correct"
        return is_meant and any(map(is_put_back, status.drift))

    @staticmethod
    def is_configured(status: UnitStatus, workspace: Digest, engine: Engine) -> bool:
        """Tell whether the configuration is the one that was applied last."""
        known = status.outcome.fingerprint if status.outcome else None
        return known == fingerprint(workspace, str(engine.version))

    async def judge(self, wanted: Wanted, plan: Plan) -> Verdict:
        """Ask risk and policy about a plan, with the approvals of exactly its changes."""
        unit = wanted.unit
        approvals = await self._world.ledger.approvals(unit.name.stage, approval_subject(plan))
        verdict = await self._judging.judge(
            wanted,
            plan,
            await self.target(unit.name.stage),
            tuple(sorted({approval.by for approval in approvals})),
        )
        status = await self._world.ledger.unit(unit.name)
        found = state_finding(status.outcome if status else None, plan)
        if found is not None:
            asks = verdict.ruling == Ruling.ALLOWED and not approvals
            ruling = Ruling.NEEDS_APPROVAL if asks else verdict.ruling
            verdict = replace(verdict, ruling=ruling, findings=(*verdict.findings, found))
        is_manual = self.environment(wanted).spec.sync.mode == "manual"
        if is_manual and verdict.ruling == Ruling.ALLOWED and not approvals and not plan.is_empty:
            finding = PolicyFinding(
                "manual-sync",
                Level.APPROVAL,
                "the environment is synced by hand: somebody must approve",
            )
            return replace(
                verdict, ruling=Ruling.NEEDS_APPROVAL, findings=(*verdict.findings, finding)
            )
        return verdict

    async def wake_dependents(self, wanted: Wanted, before: UnitStatus) -> None:
        """Wake what may go on now: units and secrets that read this one, and the stage.

        `before` is the status that the turn began with. One that was ready there has nobody who
        waits for it, and what was missed by a kill is woken at the start.
        """
        name = wanted.unit.name
        after = await self._world.ledger.unit(name)
        look = self.next_look(wanted)
        if look is not None:
            await self._world.dispatcher.wake(keys.drift_key(name), at=look)
        if (
            after is not None
            and is_there(before, wanted.commit)
            and (after.outcome == before.outcome)
        ):
            return
        target = await self.target(name.stage)
        woken = [keys.unit_key(dependent) for dependent in target.graph.dependents(name)]
        for secret, reads in target.graph.secret_reads.items():
            if secret.stage == name.stage and any(unit == name for unit, _ in reads):
                status = await self._world.ledger.secret(secret)
                if status is None or not status.ready:
                    woken.append(keys.secret_key(secret))
        if not await self._is_waited_for(target, name):
            woken.append(keys.stage_key(name.stage))
        await self._world.dispatcher.wake_all(woken)

    async def _is_waited_for(self, target: StageTarget, name: UnitName) -> bool:
        """Tell whether another unit of the stage has still to get there: that one wakes the stage.

        Otherwise each of a thousand units would have the stage look at all the others.
        """
        last = self._awaited.get(target.name)
        awaited = target.find(last) if last is not None and last != name else None
        if awaited is not None and not await self._is_there(awaited):
            return True
        for each in reversed(tuple(target.wanted())):  # the last ones take longest
            if each.unit.name != name and not await self._is_there(each):
                self._awaited[target.name] = each.unit.name
                return True
        return False

    async def _is_there(self, wanted: Wanted) -> bool:
        status = await self._world.ledger.unit(wanted.unit.name)
        return status is not None and is_there(status, wanted.commit)

    def next_look(self, wanted: Wanted) -> datetime | None:
        """Tell when to look for drift next; None when the stack has it off."""
        drift = wanted.unit.stack.spec.drift
        return None if drift.mode == "off" else self._world.clock.now() + drift.every

    def look_by(self, wanted: Wanted) -> datetime | None:
        """Tell when a look that is made now is too old; None when the stack has it off."""
        drift = wanted.unit.stack.spec.drift
        return None if drift.mode == "off" else self._world.clock.now() + drift.oldest

    def next_turn(self, wanted: Wanted) -> datetime:
        """Tell when to look at the unit again although nothing woke it."""
        return self._world.clock.now() + self.environment(wanted).spec.sync.every

    @staticmethod
    def note_process(run: RunJournal, step: OpenStep) -> OnProcess:
        """Give what an engine calls with the process that is about to apply."""

        async def note(process: EngineProcess) -> None:
            await run.note_process(step, process)

        return note


def is_there(status: UnitStatus, commit: Commit) -> bool:
    """Tell whether a unit is ready at a commit."""
    return (
        status.outcome is not None
        and status.outcome.commit == commit
        and status.is_true(ConditionType.READY)
    )
