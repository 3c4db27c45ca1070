"""Locks that are left, and states that are brought back, in the life of a controller."""

import json
import shutil

import pytest

from controller.diagnostics.errors import Stalled, StateLocked, StateReplaced
from controller.model.caller import Caller, Role
from controller.model.names import UnitName
from controller.permission import NotAllowed
from tests.support.worlds import Life, MemoryWorld

SOMEBODY = Caller("demo", Role.APPROVER)
ADMIN, OPERATOR = Caller("ann", Role.ADMIN), Caller("olga", Role.OPERATOR)
UNIT = "shop/dev/shop-api"
API = "products/shop/stacks/api.yaml"


async def settled() -> tuple[MemoryWorld, Life]:
    world = MemoryWorld()
    world.example()
    life = world.start()
    await life.begin()
    await life.settle()
    return world, life


async def test_an_orphan_lock_heals_by_itself_and_is_told() -> None:
    world, life = await settled()
    world.engine.leave_lock(UNIT, proven=True)
    world.edit(API, "Welcome to the shop", "Good morning")
    await life.pass_time(31)
    await life.pass_time(5)
    assert (await life.app.unit(UNIT)).ready == "True"
    assert "Good morning" in str(world.engine.cloud[UNIT])
    (broken,) = await life.events("LockBroken")
    assert "is dead" in broken


async def test_the_lock_of_a_stranger_waits_for_a_person() -> None:
    world, life = await settled()
    lock = world.engine.leave_lock(UNIT, proven=False)
    world.edit(API, "Welcome to the shop", "Good morning")
    await life.pass_time(31)
    unit = await life.app.unit(UNIT)
    assert unit.reason == "StateLocked"
    assert f"trueup unlock {UNIT} --lock {lock}" in unit.message
    assert "Good morning" not in str(world.engine.cloud[UNIT])
    with pytest.raises(NotAllowed):
        await life.app.unlock(OPERATOR, UNIT, lock)
    with pytest.raises(Stalled, match="no lock"):
        await life.app.unlock(ADMIN, UNIT, "another")

    await life.app.unlock(ADMIN, UNIT, lock)
    await life.settle()

    assert (await life.app.unit(UNIT)).ready == "True"
    assert await life.events("Unlocked") == [f"unit:{UNIT} ann: broke the lock {lock}"]


async def test_every_apply_keeps_the_state_before_and_after() -> None:
    world, life = await settled()
    before = [state.serial for state in await life.app.states(UNIT)]
    world.edit(API, "Welcome to the shop", "Good morning")
    await life.pass_time(31)
    assert [state.serial for state in await life.app.states(UNIT)] == [before[0] + 1, *before]


async def test_a_state_is_brought_back_and_nothing_is_done_before_somebody_looked() -> None:
    world, life = await settled()
    world.edit(API, "Welcome to the shop", "Good morning")
    await life.pass_time(31)
    newest, oldest = (await life.app.states(UNIT))[0], (await life.app.states(UNIT))[-1]
    with pytest.raises(NotAllowed):
        await life.app.restore_state(OPERATOR, UNIT, str(oldest.serial))
    with pytest.raises(Stalled, match="no state"):
        await life.app.restore_state(ADMIN, UNIT, "99")

    await life.app.restore_state(ADMIN, UNIT, str(oldest.serial))
    applies = [call for call in world.engine.calls if call[0] == "apply"]
    await life.settle()

    (told,) = await life.events("StateRestored")
    assert f"as serial {newest.serial + 1}; a plan would now:" in told
    unit = await life.app.unit(UNIT)
    assert (unit.suspended, unit.suspended_because) == (
        True, f"ann restored its state of serial {oldest.serial}",
    )  # fmt: skip
    await life.pass_time(601)
    assert [call for call in world.engine.calls if call[0] == "apply"] == applies
    assert (await life.app.states(UNIT))[0].why == f"serial {oldest.serial} was restored"

    await life.app.suspend(OPERATOR, UNIT, suspended=False)
    await life.settle()
    assert "Good morning" in str(world.engine.cloud[UNIT])
    assert (await life.app.unit(UNIT)).ready == "True"


async def test_a_lost_state_is_brought_back() -> None:
    world, life = await settled()
    directory = world.workspaces.directory(UnitName.parse(UNIT))
    serial = (await life.app.states(UNIT))[0].serial
    (directory / "terraform.tfstate").write_text("")
    await life.app.restore_state(ADMIN, UNIT, str(serial))
    await life.settle()
    assert await life.events("RestoreRefused") == []
    assert len(await life.events("StateRestored")) == 1
    await life.app.suspend(OPERATOR, UNIT, suspended=False)
    await life.settle()
    assert (await life.app.unit(UNIT)).ready == "True"


async def test_no_state_is_brought_back_while_somebody_works_or_holds_the_lock() -> None:
    world, life = await settled()
    serial = str((await life.app.states(UNIT))[0].serial)
    world.engine.leave_lock(UNIT, proven=False)
    with pytest.raises(StateLocked):
        await life.app.restore_state(ADMIN, UNIT, serial)
    world.engine._locks.clear()
    await world.ledger.begin_run(f"unit:{UNIT}", "r", world.clock.now())
    with pytest.raises(StateLocked, match="worked on"):
        await life.app.restore_state(ADMIN, UNIT, serial)
    with pytest.raises(StateLocked, match="worked on"):
        await life.app.unlock(ADMIN, UNIT, "x")
    assert not (await life.app.unit(UNIT)).suspended


async def changed(world: MemoryWorld, life: Life) -> None:
    world.edit(API, "Welcome to the shop", "Good morning")
    await life.pass_time(31)


async def test_a_unit_whose_state_is_gone_with_all_its_folder_is_not_made_again() -> None:
    """As with a server of states that answers with nothing: only the ledger knows better."""
    world, life = await settled()
    shutil.rmtree(world.workspaces.directory(UnitName.parse(UNIT)))
    before = [call for call in world.engine.calls if call[0] == "apply"]
    await changed(world, life)

    unit = await life.app.unit(UNIT)
    assert (unit.reason, "it is gone" in unit.message) == ("ApprovalPending", True)
    assert [call for call in world.engine.calls if call[0] == "apply"] == before

    serial = (await life.app.states(UNIT))[0].serial
    await life.app.restore_state(ADMIN, UNIT, str(serial))
    await life.settle()
    await life.app.suspend(OPERATOR, UNIT, suspended=False)
    await life.settle()
    assert (await life.app.unit(UNIT)).ready == "True"
    assert "Good morning" in str(world.engine.cloud[UNIT])


@pytest.mark.parametrize("serial", [None, 0])
async def test_a_look_with_a_state_that_knows_nothing_is_not_in_sync(serial: int | None) -> None:
    world, life = await settled()
    state = world.workspaces.directory(UnitName.parse(UNIT)) / "terraform.tfstate"
    if serial is None:
        shutil.rmtree(state.parent)
    else:
        state.write_text(json.dumps({**json.loads(state.read_text()), "serial": serial}))

    with pytest.raises(StateReplaced):
        await life.loop.work(f"drift:{UNIT}")
    assert (await life.app.unit(UNIT)).in_sync == "Unknown"
    await life.settle()

    waiting = (await life.app.unit(UNIT)).plan_waiting
    await life.app.approve_plan(SOMEBODY, UNIT, expect=waiting)
    await life.settle()
    unit = await life.app.unit(UNIT)
    assert (unit.ready, unit.in_sync) == ("True", "True")


async def test_a_fault_of_ours_is_told_at_the_unit() -> None:
    world, life = await settled()
    for operation in ("plan", "refresh"):
        world.engine.fail(operation, ValueError("hunter2"))
    with pytest.raises(ValueError, match="hunter2"):
        await life.loop.work(f"drift:{UNIT}")
    assert (await life.app.unit(UNIT)).in_sync == "Unknown"
    with pytest.raises(ValueError, match="hunter2"):
        await changed(world, life)
    unit = await life.app.unit(UNIT)
    assert (unit.ready, unit.reason) == ("False", "Bug")
    assert "ValueError" in unit.message
    assert "hunter2" not in str(await life.parts.world.ledger.events(limit=1000))
