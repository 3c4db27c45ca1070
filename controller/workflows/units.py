"""Questions about units that workflows ask: what is wanted, what it reads, whether it is there."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from controller.diagnostics.errors import DependencyNotReady, Stalled
from controller.model.condition import ConditionType
from controller.model.graph import Unit
from controller.model.names import Digest, SecretName, StageName, UnitName
from controller.model.outcome import fingerprint
from controller.model.plan import Plan
from controller.model.status import UnitStatus
from controller.model.verdict import Level, PolicyFinding, Ruling, Verdict
from controller.model.workspace import Upstream, Workspace
from controller.ports.engine import Engine, EngineProcess, OnProcess
from controller.steps.policy import judge as policy_step
from controller.steps.policy.allowed import rules_for
from controller.workflows import keys
from controller.workflows.catalogs import Catalogs, StageTarget, Wanted
from controller.workflows.journal import OpenStep, RunJournal
from controller.workflows.wishes import Wishes
from controller.workflows.world import World
from schemas.kinds.environment import Environment


class Units:
    """Answers from the catalogs and the ledger; changes nothing but wake-ups."""

    def __init__(self, world: World, catalogs: Catalogs, wishes: Wishes) -> None:
        self._world = world
        self._wishes = wishes
        self._catalogs = catalogs

    async def target(self, stage: StageName) -> StageTarget:
        """Tell what a stage should be, by the release it is at. Raises DependencyNotReady."""
        status = await self._world.ledger.stage(stage)
        return await self._catalogs.stage_target(stage, status.commit if status else None)

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
        """Give a unit as it was at the commit that was applied last."""
        if status.outcome is None:
            return None
        loaded = await self._catalogs.at(status.outcome.commit)
        catalog, graph = self._catalogs.composed(status.name.product, loaded)
        unit = graph.units.get(status.name)
        return Wanted(unit, catalog, loaded.commit, loaded.snapshot) if unit else None

    async def upstream(self, wanted: Wanted, *, whatever_it_is: bool = False) -> Upstream:
        """Gather what the inputs refer to. Raises DependencyNotReady until all of it is there.

        With `whatever_it_is`, as for a look for drift, what is known now is enough.
        """
        unit = wanted.unit
        if not whatever_it_is:
            await self._check_needs(unit)
        return Upstream(
            outputs=await self._outputs(unit.needs_units),
            pending=frozenset(),
            secret_addresses={
                name: self._world.secret_target.address(name) for name in unit.needs_secrets
            },
            tree_paths=await self._place_trees(wanted),
        )

    async def _check_needs(self, unit: Unit) -> None:
        """Raise DependencyNotReady while a unit that comes first is not at its wanted commit."""
        target = await self.target(unit.name.stage)
        missing = []
        for name in unit.needs_units:
            status, first = await self._world.ledger.unit(name), target.find(name)
            is_ready = (
                status is not None and status.outcome is not None and first is not None
                and status.outcome.commit == first.commit and status.is_true(ConditionType.READY)
            )  # fmt: skip
            if not is_ready:
                missing.append(f"unit `{name}`")
        for secret in unit.needs_secrets:
            delivered = await self._world.ledger.secret(secret)
            if delivered is None or not delivered.ready:
                missing.append(f"secret `{secret}`")
        if missing:
            raise DependencyNotReady.because(f"waits for {', '.join(missing)}")

    async def _outputs(
        self, names: tuple[UnitName, ...]
    ) -> Mapping[UnitName, Mapping[str, object]]:
        found = {}
        for name in names:
            status = await self._world.ledger.unit(name)
            if status is not None and status.outcome is not None:
                found[name] = status.outcome.outputs
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

    @staticmethod
    def is_as_wanted(status: UnitStatus, workspace: Workspace, engine: Engine) -> bool:
        """Tell, without any process, that nothing has to be planned."""
        return (
            status.outcome is not None
            and not status.drift
            and status.is_true(ConditionType.APPLIED)
            and not status.failures
            and status.outcome.fingerprint == fingerprint(workspace.digest, str(engine.version))
        )

    async def judge(self, wanted: Wanted, plan: Plan) -> Verdict:
        """Ask policy about a plan, with the approvals that were given for exactly its changes."""
        unit = wanted.unit
        approvals = await self._world.ledger.approvals(unit.name.stage, approval_subject(plan))
        verdict = policy_step.judge(
            plan,
            policy_step.StackTraits(name=unit.stack.metadata.name, protect=unit.stack.spec.protect),
            rules_for(wanted.catalog, unit.name, self._world.clock.now().date()),
            approved_by=tuple(sorted({approval.by for approval in approvals})),
        )
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

    async def wake_dependents(self, wanted: Wanted) -> None:
        """Wake what may go on now: units and secrets that read this one, and the stage."""
        name = wanted.unit.name
        target = await self.target(name.stage)
        dispatcher = self._world.dispatcher
        for secret, reads in target.graph.secret_reads.items():
            if secret.stage == name.stage and any(unit == name for unit, _ in reads):
                await self._wake_unless_ready(secret)
        for dependent in target.graph.dependents(name):
            await dispatcher.wake(keys.unit_key(dependent))
        await dispatcher.wake(keys.stage_key(name.stage))
        look = self.next_look(wanted)
        if look is not None:
            await dispatcher.wake(keys.drift_key(name), at=look)

    async def _wake_unless_ready(self, secret: SecretName) -> None:
        status = await self._world.ledger.secret(secret)
        if status is None or not status.ready:
            await self._world.dispatcher.wake(keys.secret_key(secret))

    def next_look(self, wanted: Wanted) -> datetime | None:
        """Tell when to look for drift next; None when the stack has it off."""
        drift = wanted.unit.stack.spec.drift
        return None if drift.mode == "off" else self._world.clock.now() + drift.every

    def next_turn(self, wanted: Wanted) -> datetime:
        """Tell when to look at the unit again although nothing woke it."""
        return self._world.clock.now() + self.environment(wanted).spec.sync.every

    @staticmethod
    def note_process(run: RunJournal, step: OpenStep) -> OnProcess:
        """Give what an engine calls with the process that is about to apply."""

        async def note(process: EngineProcess) -> None:
            await run.note_process(step, process)

        return note


def approval_subject(plan: Plan) -> Digest:
    """Give what an approval of a plan is bound to: the unit, its workspace and the very changes.

    A plan file differs each time it is made, so its bytes cannot be what a person approved.
    """
    changes = [
        [change.action, change.address, *(f"{a.path}={a.after}" for a in change.attributes)]
        for change in plan.changes
    ]
    text = json.dumps([str(plan.unit), plan.binding.workspace, changes], separators=(",", ":"))
    return Digest("sha256:" + hashlib.sha256(text.encode()).hexdigest())
