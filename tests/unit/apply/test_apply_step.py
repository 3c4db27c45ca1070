import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from controller.adapters.engine.memory import MemoryEngine
from controller.adapters.workspaces.memory import MemoryWorkspaces
from controller.diagnostics.errors import (
    ApprovalPending,
    DependencyNotReady,
    EngineFailed,
    PlanStale,
    PolicyDenied,
)
from controller.model.names import Digest
from controller.model.outcome import Outcome, fingerprint
from controller.model.plan import Plan
from controller.model.verdict import Level, PolicyFinding, Ruling, Verdict
from controller.model.workspace import Workspace
from controller.ports.engine import EngineProcess
from controller.steps import apply as apply_step
from controller.steps import plan as plan_step
from tests.unit.plan.plan_workspaces import CANARY, UNIT, at_commit, workspace


@dataclass
class Bench:
    engine: MemoryEngine
    workspaces: MemoryWorkspaces

    async def plan(self, wanted: Workspace) -> Plan:
        return await plan_step.plan(wanted, engine=self.engine, workspaces=self.workspaces)

    async def apply(self, plan: Plan, wanted: Workspace, verdict: Verdict | None = None) -> Outcome:
        return await apply_step.apply(
            plan, verdict or Verdict(plan.digest, Ruling.ALLOWED), wanted,
            engine=self.engine, workspaces=self.workspaces, on_process=self.note,
        )  # fmt: skip

    async def note(self, process: EngineProcess) -> None:
        self.process = process

    def applies(self) -> int:
        return [operation for operation, _ in self.engine.calls].count("apply")


@pytest.fixture
def bench() -> Iterator[Bench]:
    workspaces = MemoryWorkspaces()
    yield Bench(MemoryEngine(), workspaces)
    workspaces.close()


async def test_a_judged_plan_is_applied_and_told(bench: Bench) -> None:
    wanted = workspace()
    plan = await bench.plan(wanted)
    outcome = await bench.apply(plan, wanted)
    assert outcome == Outcome(
        unit=UNIT,
        commit=wanted.commit,
        plan=plan.digest,
        engine="memory 1.0.0",
        lineage="memory-shop/dev/api",
        serial=1,
        fingerprint=fingerprint(wanted.digest, "memory 1.0.0"),
        outputs={"size": 1},
        changed=True,
    )
    assert bench.engine.cloud["shop/dev/api"]["size"] == 1
    assert CANARY not in repr(outcome)
    assert bench.process.pid
    assert ("normalise", "shop/dev/api") in bench.engine.calls


async def test_an_empty_plan_is_not_applied(bench: Bench) -> None:
    wanted = workspace()
    await bench.apply(await bench.plan(wanted), wanted)
    outcome = await bench.apply(await bench.plan(wanted), wanted)
    assert not outcome.changed
    assert (outcome.outputs, outcome.serial) == ({"size": 1}, 1)
    assert bench.applies() == 1


async def test_the_verdict_of_another_plan_is_refused(bench: Bench) -> None:
    plan = await bench.plan(workspace())
    with pytest.raises(PlanStale, match="verdict"):
        await bench.apply(plan, workspace(), Verdict(Digest("sha256:other"), Ruling.ALLOWED))
    assert bench.applies() == 0


@pytest.mark.parametrize(
    ("ruling", "level", "error"),
    [
        (Ruling.DENIED, Level.DENY, PolicyDenied),
        (Ruling.NEEDS_APPROVAL, Level.APPROVAL, ApprovalPending),
    ],
)
async def test_what_is_not_allowed_is_not_applied(
    bench: Bench, ruling: Ruling, level: Level, error: type[PolicyDenied]
) -> None:
    plan = await bench.plan(workspace())
    finding = PolicyFinding("some-rule", level, "it would go")
    for findings in ((finding, PolicyFinding("other", Level.ADVISORY, "hm")), ()):
        with pytest.raises(error) as refused:
            await bench.apply(plan, workspace(), Verdict(plan.digest, ruling, findings))
        assert len(refused.value.diagnostics) == 1
    assert bench.applies() == 0


async def test_a_provisional_plan_waits(bench: Bench) -> None:
    wanted = workspace(provisional=("`db` has changes pending",))
    with pytest.raises(DependencyNotReady, match="`db` has changes pending"):
        await bench.apply(await bench.plan(wanted), wanted)


async def test_a_plan_of_what_has_changed_is_stale(bench: Bench) -> None:
    plan = await bench.plan(workspace())
    other = workspace(2)
    for now, named in (
        (at_commit(workspace(), "b" * 40), "commit"),
        (other, "workspace"),
        (replace(workspace(), module_digest=Digest("sha256:m2")), "module"),
        (replace(workspace(), upstream_digest=Digest("sha256:u2")), "upstream"),
    ):
        with pytest.raises(PlanStale, match=named):
            await bench.apply(plan, now)
    assert bench.applies() == 0


async def test_a_plan_of_another_engine_is_stale(bench: Bench) -> None:
    plan = await bench.plan(workspace())
    newer = Bench(MemoryEngine(bench.engine.cloud, version="1.1.0"), bench.workspaces)
    with pytest.raises(PlanStale, match="engine"):
        await newer.apply(plan, workspace())


async def test_a_plan_of_an_earlier_state_is_stale(bench: Bench) -> None:
    first = await bench.plan(workspace())
    await bench.apply(first, workspace())
    with pytest.raises(PlanStale, match="lineage, serial"):
        await bench.apply(first, workspace())


async def test_another_plan_file_than_the_judged_one_is_refused(bench: Bench) -> None:
    plan = await bench.plan(workspace())
    file = bench.workspaces.directory(UNIT) / "trueup.tfplan"
    file.write_bytes(file.read_bytes() + b" ")
    with pytest.raises(PlanStale, match="judged"):
        await bench.apply(plan, workspace())
    file.unlink()
    with pytest.raises(PlanStale, match="judged"):
        await bench.apply(plan, workspace())
    assert bench.applies() == 0


async def test_after_an_apply_that_failed_late_a_new_plan_finds_the_work_done(
    bench: Bench,
) -> None:
    plan = await bench.plan(workspace())
    bench.engine.fail("applied", EngineFailed.because("the machine went away"))
    with pytest.raises(EngineFailed):
        await bench.apply(plan, workspace())
    with pytest.raises(PlanStale):
        await bench.apply(plan, workspace())
    outcome = await bench.apply(await bench.plan(workspace()), workspace())
    assert (outcome.changed, outcome.outputs) == (False, {"size": 1})


async def test_a_unit_is_worked_on_by_one_at_a_time(bench: Bench) -> None:
    plan = await bench.plan(workspace())
    go_on = bench.engine.pause()
    applying = asyncio.ensure_future(bench.apply(plan, workspace()))
    await bench.engine.wait_until_paused()
    planning = asyncio.ensure_future(bench.plan(workspace(2)))
    await asyncio.sleep(0.01)
    assert not planning.done()
    go_on.set()
    await applying
    assert (await planning).summary() == "1 update"
