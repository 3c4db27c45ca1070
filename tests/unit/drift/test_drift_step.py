from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from controller.adapters.engine.memory import ADDRESS, MemoryEngine
from controller.adapters.workspaces.memory import MemoryWorkspaces
from controller.diagnostics.errors import EngineFailed
from controller.model.plan import Action
from controller.model.verdict import Ruling, Verdict
from controller.steps import apply as apply_step
from controller.steps import drift as drift_step
from controller.steps import plan as plan_step
from tests.unit.plan.plan_workspaces import UNIT, workspace

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Noon:
    def now(self) -> datetime:
        return NOON

    async def sleep(self, seconds: float) -> None:
        raise NotImplementedError


@pytest.fixture
def workspaces() -> Iterator[MemoryWorkspaces]:
    made = MemoryWorkspaces()
    yield made
    made.close()


async def test_drift_is_what_somebody_else_changed(workspaces: MemoryWorkspaces) -> None:
    engine = MemoryEngine()
    plan = await plan_step.plan(workspace(), engine=engine, workspaces=workspaces)
    await apply_step.apply(
        plan, Verdict(plan.digest, Ruling.ALLOWED), workspace(), engine=engine,
        workspaces=workspaces,
    )  # fmt: skip

    async def look() -> str:
        drift = await drift_step.drift(
            workspace(), engine=engine, workspaces=workspaces, clock=Noon()
        )
        assert (drift.unit, drift.looked_at) == (UNIT, NOON)
        return drift.describe()

    assert await look() == "in sync"
    engine.cloud[str(UNIT)]["size"] = 7
    assert await look() == f"{ADDRESS} (size)"
    assert await look() == f"{ADDRESS} (size)"
    del engine.cloud[str(UNIT)]
    drift = await drift_step.drift(workspace(), engine=engine, workspaces=workspaces, clock=Noon())
    assert [change.action for change in drift.changes] == [Action.DELETE]


async def test_what_was_never_applied_has_no_drift(workspaces: MemoryWorkspaces) -> None:
    engine = MemoryEngine()
    drift = await drift_step.drift(workspace(), engine=engine, workspaces=workspaces, clock=Noon())
    assert drift.changes == ()
    assert engine.calls == []


async def test_a_look_leaves_a_saved_plan_alone(workspaces: MemoryWorkspaces) -> None:
    engine = MemoryEngine()
    plan = await plan_step.plan(workspace(), engine=engine, workspaces=workspaces)
    await drift_step.drift(workspace(), engine=engine, workspaces=workspaces, clock=Noon())
    outcome = await apply_step.apply(
        plan, Verdict(plan.digest, Ruling.ALLOWED), workspace(), engine=engine,
        workspaces=workspaces,
    )  # fmt: skip
    assert outcome.changed


async def test_a_look_that_fails_says_so(workspaces: MemoryWorkspaces) -> None:
    engine = MemoryEngine()
    plan = await plan_step.plan(workspace(), engine=engine, workspaces=workspaces)
    await apply_step.apply(
        plan, Verdict(plan.digest, Ruling.ALLOWED), workspace(), engine=engine,
        workspaces=workspaces,
    )  # fmt: skip
    engine.fail("refresh", EngineFailed.because("no answer"))
    with pytest.raises(EngineFailed):
        await drift_step.drift(workspace(), engine=engine, workspaces=workspaces, clock=Noon())
