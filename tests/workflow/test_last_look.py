"""What happens while a plan is made: only what is wanted once it is made is applied."""

import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

from controller.adapters.engine.memory import MemoryEngine
from controller.model.caller import Caller, Role
from controller.model.names import UnitName
from controller.workflows import keys
from tests.support.worlds import Life, MemoryWorld
from tests.workflow.test_dag import PRODUCT, SOMEBODY, files, life_of, name, stack, states

ADMIN = Caller("ann", Role.ADMIN)


class Slow(MemoryEngine):
    """Lets something happen while a unit's next plan is made."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: dict[str, Callable[[], Awaitable[object]]] = {}

    async def plan(self, directory: Path, **more):
        found = await super().plan(directory, **more)
        if happens := self.meanwhile.pop("/".join(directory.parts[-3:]), None):
            await happens()
        return found

    def applies(self, unit: str) -> int:
        """How often a unit was applied."""
        return sum(
            call[0] == "apply" and "/".join(Path(call[1]).parts[-3:]) == unit for call in self.calls
        )


async def two_units(**more: object) -> tuple[MemoryWorld, Life, dict[str, str]]:
    world = MemoryWorld(engine=Slow())
    given = files({0: set(), 1: {0}}, **more)
    return world, await life_of(world, given), given


async def push(world: MemoryWorld, life: Life, given: dict[str, str | None]) -> None:
    world.repository.commit(given)
    await life.loop.work(keys.SOURCE)


async def test_an_output_that_changes_while_a_plan_is_made_is_not_applied_as_it_was() -> None:
    world, life, _ = await two_units()

    async def upstream_is_applied() -> None:
        await push(world, life, stack(0, set(), text="new above"))
        await life.loop.work("stage:product-0/dev")
        await life.loop.work(f"unit:{name(0)}")
        assert world.engine.cloud[name(0)]["text"] == "new above"

    before = world.engine.applies(name(1))
    world.engine.meanwhile[name(1)] = upstream_is_applied
    world.repository.commit(stack(1, {0}, text="another"))
    for _ in range(3):
        await life.pass_time(31)

    assert world.engine.cloud[name(1)]["upstream"] == "new above"
    assert world.engine.applies(name(1)) == before + 1


async def test_a_unit_that_goes_or_is_suspended_while_its_plan_is_made_is_not_applied() -> None:
    world, life, _ = await two_units()
    before = world.engine.applies(name(0)), world.engine.applies(name(1))

    async def suspended() -> None:
        await life.app.suspend(ADMIN, name(0), suspended=True)

    async def taken_out() -> None:
        await push(world, life, {f"{PRODUCT}/stack-1.yaml": None})
        await life.loop.work("stage:product-0/dev")

    world.engine.meanwhile = {name(0): suspended, name(1): taken_out}
    world.repository.commit(stack(1, {0}, text="another"))
    await life.pass_time(31)
    world.repository.commit(stack(0, set(), text="another"))
    await life.pass_time(31)

    assert world.engine.cloud[name(0)]["text"] == "text 0"
    assert "suspended before its apply" in (await life.app.unit(name(0))).message
    assert name(1) not in world.engine.cloud
    assert (world.engine.applies(name(0)), world.engine.applies(name(1)) - 1) == before


async def test_a_unit_that_comes_back_while_it_is_about_to_be_destroyed_stays() -> None:
    world, life, given = await two_units()
    path = f"{PRODUCT}/stack-1.yaml"

    async def comes_back() -> None:
        await push(world, life, {path: given[path]})
        await life.loop.work("stage:product-0/dev")

    world.engine.meanwhile[name(1)] = comes_back
    before = world.engine.applies(name(1))
    world.repository.commit({path: None})
    for _ in range(3):
        await life.pass_time(31)

    assert world.engine.applies(name(1)) == before
    assert (await states(world))[name(1)] == "ReconciliationSucceeded"


async def test_a_suspended_unit_stays_though_its_document_goes() -> None:
    """As after `state restore`: nothing is destroyed before somebody has looked."""
    world, life, _ = await two_units()
    await life.app.suspend(ADMIN, name(1), suspended=True)
    world.repository.commit({f"{PRODUCT}/stack-1.yaml": None})
    await life.pass_time(31)
    assert name(1) in world.engine.cloud

    serial = (await life.app.states(name(1)))[-1].serial
    await life.app.restore_state(ADMIN, name(1), str(serial))
    await life.settle()
    assert len(await life.events("StateRestored")) == 1
    assert name(1) in world.engine.cloud

    await life.app.suspend(ADMIN, name(1), suspended=False)
    await life.settle()
    assert name(1) not in world.engine.cloud


async def test_an_approval_counts_once() -> None:
    world, life, given = await two_units(protect="true")
    path = f"{PRODUCT}/stack-1.yaml"
    world.repository.commit({path: None})
    await life.pass_time(31)
    await life.app.approve_plan(SOMEBODY, name(1))
    await life.settle()
    assert name(1) not in world.engine.cloud

    for content in (given[path], None):
        world.repository.commit({path: content})
        await life.pass_time(31)
        if content is not None:  # the engine of memory makes the same lineage again; others do not
            state = world.workspaces.directory(UnitName.parse(name(1))) / "terraform.tfstate"
            state.write_text(state.read_text().replace("memory-", "another-"))

    assert (await states(world))[name(1)] == "ApprovalPending"
    assert name(1) in world.engine.cloud


async def test_a_unit_whose_state_is_gone_is_not_forgotten_with_its_document() -> None:
    world, life, _ = await two_units()
    shutil.rmtree(world.workspaces.directory(UnitName.parse(name(1))))
    world.repository.commit({f"{PRODUCT}/stack-1.yaml": None})
    await life.pass_time(31)
    unit = await life.app.unit(name(1))
    assert (unit.reason, "it is gone" in unit.message) == ("ApprovalPending", True)
