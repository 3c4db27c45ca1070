"""Locks that are left, and states that are brought back, in the life of a controller."""

import pytest

from controller.diagnostics.errors import Stalled, StateLocked
from controller.model.caller import Caller, Role
from controller.model.names import UnitName
from controller.permission import NotAllowed
from tests.support.worlds import Life, MemoryWorld

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
