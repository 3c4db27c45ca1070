"""What people ask about gates: which there are, how a run goes, once more, and stop."""

from collections.abc import Sequence
from dataclasses import dataclass

from controller.diagnostics.errors import Stalled
from controller.lookup import not_there, stage_named
from controller.model.caller import Caller, Role
from controller.model.capacity import Headroom
from controller.model.event import Event, EventType
from controller.model.measurement import EarlierAnswer, GateResult
from controller.model.names import Commit, Digest
from controller.model.status import StageStatus
from controller.permission import NotFound, require
from controller.ports.load_generator import LoadStage
from controller.steps.gate.report import CONTENT_POLICY
from controller.steps.gate.side_by_side import Row, Says, side_by_side
from controller.workflows import keys
from controller.workflows.gate_orders import Asked, ask
from controller.workflows.gate_profiles import steps_of
from controller.workflows.gate_reports import GateReports
from controller.workflows.gate_runs import forget
from controller.workflows.gate_sides import find_side
from controller.workflows.gate_wishes import AskedBefore, GateWishes
from controller.workflows.live_runs import LiveRun
from controller.workflows.parts import Parts
from schemas.kinds.load_test import LoadTest


@dataclass(frozen=True)
class GateView:
    """A gate of a stage: its answer for the release that is there, and the run under way."""

    stage: str
    gate: str
    commit: Commit | None
    result: GateResult | None
    live: LiveRun | None
    earlier: tuple[EarlierAnswer, ...] = ()
    """What it had said of this release before."""
    headroom: Headroom | None = None
    """How far what it let through is from the peak that is forecast."""
    headroom_said: str = ""
    """That in a sentence, or why it cannot be told."""
    is_current: bool = False
    """The answer is to what was last asked, and no run is under way."""


@dataclass(frozen=True)
class GateOrderView:
    """What a run of a gate would do."""

    stage: str
    gate: str
    commit: str
    target: str
    users: int
    rate: float
    """Of steps, the one in the middle."""
    steps: tuple[LoadStage, ...]
    is_open: bool
    workers: int
    warm_up: float
    steady: float
    runs: int
    objectives: tuple[str, ...]
    load: str


@dataclass(frozen=True)
class GateComparison:
    """Two sets of runs side by side."""

    first: str
    second: str
    first_runs: int
    second_runs: int
    share: float
    """By how much a number has to differ to count."""
    says: Says
    reasons: tuple[str, ...]
    rows: tuple[Row, ...]


class GateDesk:
    """Answers and acts for callers; every action is an event with the caller's name."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._wishes = GateWishes(parts.world.ledger)

    async def gates(self) -> Sequence[GateView]:
        """Every gate of every stage."""
        stages = await self._parts.world.ledger.stages()
        return [await self._view(status, name) for status in stages for name in self._names(status)]

    async def gate(self, stage: str, gate: str) -> GateView:
        """One gate. Raises NotFound."""
        status = await self._status(stage, gate)
        return await self._view(status, gate)

    async def order(self, stage: str, gate: str) -> GateOrderView:
        """What would be run, without running it. Raises NotFound, and what the order waits for."""
        status = await self._status(stage, gate)
        asked, load_test = await self._asked(status, gate)
        order = asked.order
        return GateOrderView(
            stage, gate, str(status.commit), order.target, order.users, order.rate, order.stages,
            order.is_open, order.workers, order.warm_up, order.steady, load_test.spec.runs,
            tuple(f"{o.title} {o.wanted}" for o in asked.objectives), asked.load,
        )  # fmt: skip

    async def compare(self, first: str, second: str, share: float) -> GateComparison:
        """Two runs, answers or releases side by side. Raises Stalled where one is not there."""
        world = self._parts.world
        one, two = await find_side(world, first), await find_side(world, second)
        found = side_by_side(one.runs, two.runs, share)
        return GateComparison(
            first, second, len(one.runs), len(two.runs), share, found.says, found.reasons,
            found.rows,
        )  # fmt: skip

    async def report(self, evidence: str) -> tuple[bytes, str]:
        """The page of an answer, by its evidence, and what it may load. Raises NotFound."""
        page = await GateReports(self._parts.world).page(Digest(evidence))
        if page is None:
            raise NotFound.because(f"no gate has answered with the evidence `{evidence}`")
        return page, CONTENT_POLICY

    async def run(self, caller: Caller, stage: str, gate: str) -> str:
        """Ask a gate once more, of the release that is there. Gives what was woken."""
        require(caller, Role.OPERATOR)
        status = await self._status(stage, gate)
        if status.release is None:
            raise Stalled.because(f"no release is at `{stage}`")
        if f"{stage}/{gate}" in self._parts.live_runs:
            raise Stalled.because(
                f"the gate `{gate}` of `{stage}` runs already",
                hint=f"`trueup gate cancel {gate}` ends it",
            )
        dropped = await forget(self._parts, status, gate)
        await self._wishes.ask_again(status.name, status.release, gate, caller.name, dropped)
        return await self._woken(caller, status, "GateRequested", f"asked for the gate {gate}")

    async def cancel(self, caller: Caller, stage: str, gate: str) -> str:
        """End the run of a gate; it is not run again until somebody asks."""
        require(caller, Role.OPERATOR)
        status = await self._status(stage, gate)
        if status.release is None:
            raise Stalled.because(f"no release is at `{stage}`")
        await self._wishes.cancel(status.name, status.release, gate, caller.name)
        live = self._parts.live_runs.get(f"{stage}/{gate}")
        if live is not None:
            await self._parts.world.load_generator.cancel(live.key)
        return await self._woken(caller, status, "GateCancelled", f"cancelled the gate {gate}")

    async def _asked(self, status: StageStatus, gate: str) -> tuple[Asked, LoadTest]:
        target = await self._parts.catalogs.stage_target(status.name, status.commit)
        load_test = (
            target.base.catalog.find(LoadTest, gate, status.name.product) if target.base else None
        )
        if target.base is None or load_test is None:
            raise Stalled.because(f"the release at `{status.name}` has no load test `{gate}`")
        steps = await steps_of(self._parts, load_test, target.base)
        return await ask(self._parts, status.name, load_test, target.base, steps), load_test

    async def _status(self, stage: str, gate: str) -> StageStatus:
        status = await stage_named(self._parts.world.ledger, stage)
        if gate not in self._names(status):
            raise not_there("gate", gate, self._names(status), "trueup gate list")
        return status

    def _names(self, status: StageStatus) -> tuple[str, ...]:
        pipeline = self._parts.catalogs.pipeline(status.name.product)
        stages = pipeline.spec.stages if pipeline else ()
        found = [s.gate_names for s in stages if s.environment == status.name.environment]
        return found[0] if found else ()

    async def _view(self, status: StageStatus, gate: str) -> GateView:
        result = next((r for r in status.gates if r.gate == gate), None)
        asked = AskedBefore()
        if status.release is not None:
            asked = await self._wishes.asked(status.name, status.release, gate)
        live = self._parts.live_runs.get(f"{status.name}/{gate}")
        is_current = result is not None and live is None and result.asks == asked.times
        evidence = result.evidence if result else None
        room = await GateReports(self._parts.world).headroom(evidence) if evidence else None
        return GateView(
            str(status.name), gate, status.commit, result, live, asked.answers,
            room if isinstance(room, Headroom) else None,
            str(room) if isinstance(room, Headroom | str) else "", is_current,
        )  # fmt: skip

    async def _woken(self, caller: Caller, status: StageStatus, reason: str, said: str) -> str:
        world, key = self._parts.world, keys.stage_key(status.name)
        told = f"{caller.name} {said}"
        await world.ledger.append(Event(world.clock.now(), EventType.NORMAL, reason, key, told, ""))
        await world.dispatcher.wake(key, priority=5)
        return key
