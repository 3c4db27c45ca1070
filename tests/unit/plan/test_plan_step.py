from collections.abc import Iterator
from dataclasses import replace

import pytest

from controller.adapters.engine.memory import ADDRESS, MemoryEngine
from controller.adapters.state_history.memory import MemoryStateHistory
from controller.adapters.workspaces.memory import MemoryWorkspaces
from controller.diagnostics.errors import DependencyNotReady, EngineFailed, EngineRefused
from controller.model.plan import Action, Plan, digest_plan
from controller.model.verdict import Ruling, Verdict
from controller.past import Past
from controller.ports.engine import EngineCapabilities
from controller.steps import apply as apply_step
from controller.steps import plan as plan_step
from tests.unit.plan.plan_workspaces import CANARY, COMMIT, UNIT, workspace


@pytest.fixture
def workspaces() -> Iterator[MemoryWorkspaces]:
    made = MemoryWorkspaces()
    yield made
    made.close()


async def test_a_plan_says_what_it_is_of(workspaces: MemoryWorkspaces) -> None:
    engine = MemoryEngine()
    wanted = workspace()
    plan = await plan_step.plan(wanted, engine=engine, workspaces=workspaces)
    assert plan.unit == UNIT
    assert plan.summary() == "1 create"
    assert [(change.address, change.action) for change in plan.changes] == [
        (ADDRESS, Action.CREATE)
    ]
    assert plan.binding.commit == COMMIT
    assert (plan.binding.workspace, plan.binding.module) == (wanted.digest, "sha256:module")
    assert plan.binding.engine == "memory 1.0.0"
    assert (plan.binding.lineage, plan.binding.serial) == ("", 0)
    assert CANARY not in repr(plan)
    file = workspaces.directory(UNIT) / "trueup.tfplan"
    assert plan.digest == digest_plan(file.read_bytes(), plan.binding)


async def test_a_plan_is_bound_to_the_state_it_was_made_from(workspaces: MemoryWorkspaces) -> None:
    engine = MemoryEngine()
    first = await plan_step.plan(workspace(), engine=engine, workspaces=workspaces)
    verdict = Verdict(first.digest, Ruling.ALLOWED)
    await apply_step.apply(first, verdict, workspace(), engine=engine, workspaces=workspaces)
    second = await plan_step.plan(workspace(), engine=engine, workspaces=workspaces)
    assert second.is_empty
    assert (second.binding.lineage, second.binding.serial) == ("memory-shop/dev/api", 1)
    assert second.digest != first.digest


async def test_where_a_state_was_made_is_found_in_the_history(workspaces: MemoryWorkspaces) -> None:
    """As for a plan of a folder, which knows nothing but the states that were kept."""
    engine, past = MemoryEngine(), Past(MemoryStateHistory())
    north, south = (
        replace(workspace(), places={"aws": {"region": region}}) for region in ("north", "south")
    )

    async def look(past: Past) -> Plan:
        return await plan_step.plan(south, engine=engine, workspaces=workspaces, past=past)

    assert (await look(past)).is_origin_noted  # nothing is there that could have been made
    first = await plan_step.plan(north, engine=engine, workspaces=workspaces)
    await apply_step.apply(
        first, Verdict(first.digest, Ruling.ALLOWED), north, engine=engine, workspaces=workspaces,
        past=past,
    )  # fmt: skip
    assert (await look(past)).moved == ("`aws`: `region` north → south",)
    unknown = await look(Past(MemoryStateHistory()))
    assert (unknown.moved, unknown.is_origin_noted) == ((), False)


async def test_a_provisional_workspace_can_be_planned(workspaces: MemoryWorkspaces) -> None:
    wanted = workspace(provisional=("`db` is not applied yet",))
    plan = await plan_step.plan(wanted, engine=MemoryEngine(), workspaces=workspaces)
    assert plan.provisional == ("`db` is not applied yet",)


async def test_what_is_missing_is_named_where_the_engine_only_meets_nothing(
    workspaces: MemoryWorkspaces,
) -> None:
    engine, said = MemoryEngine(), "Invalid template interpolation"
    early = workspace(provisional=("`db` is not applied yet",))
    engine.fail("plan", EngineRefused.because(said))
    with pytest.raises(DependencyNotReady, match=f"`db` is not applied yet .*{said}"):
        await plan_step.plan(early, engine=engine, workspaces=workspaces)
    null = replace(workspace(), nulls=("the output `url` of unit `shop/dev/db` is null",))
    engine.fail("plan", EngineRefused.because(said))
    with pytest.raises(EngineRefused, match=f"{said}.*output `url` of unit .* is null") as refused:
        await plan_step.plan(null, engine=engine, workspaces=workspaces)
    assert "let the module take null" in refused.value.hint


class Older(MemoryEngine):
    """An engine from before there were ephemeral values."""

    @property
    def capabilities(self) -> EngineCapabilities:
        return EngineCapabilities()


async def test_ephemeral_values_need_an_engine_that_knows_them(
    workspaces: MemoryWorkspaces,
) -> None:
    wanted = replace(workspace(), needs_ephemeral=True)
    with pytest.raises(EngineRefused, match="uses ephemeral values") as refused:
        await plan_step.plan(wanted, engine=Older(), workspaces=workspaces)
    assert refused.value.diagnostics[0].code == "engine/no-ephemeral"
    assert not workspaces.directory(UNIT).exists()
    assert (await plan_step.plan(wanted, engine=MemoryEngine(), workspaces=workspaces)).changes


async def test_a_destroy_is_planned(workspaces: MemoryWorkspaces) -> None:
    engine = MemoryEngine()
    plan = await plan_step.plan(workspace(), engine=engine, workspaces=workspaces)
    verdict = Verdict(plan.digest, Ruling.ALLOWED)
    await apply_step.apply(plan, verdict, workspace(), engine=engine, workspaces=workspaces)
    plan = await plan_step.plan(workspace(), engine=engine, workspaces=workspaces, destroy=True)
    assert plan.summary() == "1 delete"
    verdict = Verdict(plan.digest, Ruling.ALLOWED)
    gone = await apply_step.apply(plan, verdict, workspace(), engine=engine, workspaces=workspaces)
    assert gone.outputs == {}
    await workspaces.remove(UNIT)


@pytest.mark.parametrize("operation", ["init", "plan"])
@pytest.mark.parametrize("error", [EngineFailed, EngineRefused])
async def test_what_the_engine_says_is_passed_on(
    workspaces: MemoryWorkspaces, operation: str, error: type[EngineFailed]
) -> None:
    engine = MemoryEngine()
    engine.fail(operation, error.because("no"))
    with pytest.raises(error):
        await plan_step.plan(workspace(), engine=engine, workspaces=workspaces)
    await plan_step.plan(workspace(), engine=engine, workspaces=workspaces)
