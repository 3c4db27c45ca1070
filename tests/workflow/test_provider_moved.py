"""A provider that looks elsewhere leaves nothing behind without a word."""

from dataclasses import replace

import pytest

from controller.diagnostics.errors import EngineFailed
from controller.model.caller import Caller, Role
from controller.model.condition import ConditionType
from controller.model.names import UnitName
from controller.model.status import UnitStatus
from tests.support.worlds import AUTHOR, Life, MemoryWorld

ENVIRONMENTS = "platform/environments.yaml"
UNIT = UnitName("shop", "dev", "extra")
NORTH, SOUTH = f"{UNIT}@north", f"{UNIT}@south"
MOVED = "`localcloud`: `region` north → south"
APPROVER = Caller("ann", Role.APPROVER)
ADMIN = Caller("root", Role.ADMIN)
OPERATOR = Caller("op", Role.OPERATOR)
STACK = """\
apiVersion: platform/v1
kind: Stack
metadata: {name: extra, product: shop}
spec:
  module: modules/local/storage
  deletionPolicy: destroy
  inputs: {versioning: true, labels: {holds: receipts}}
"""


async def in_the_north() -> tuple[MemoryWorld, Life]:
    """A unit that was applied in the north."""
    world = MemoryWorld()
    world.example()
    world.edit(ENVIRONMENTS, "    localcloud: {}", "    localcloud: {region: north}")
    world.repository.commit({"extra.yaml": STACK}, author=AUTHOR)
    life = world.start()
    await life.begin()
    await life.settle()
    assert NORTH in world.engine.cloud
    return world, life


async def look_in(life: Life, old: str, new: str) -> None:
    life.world.edit(ENVIRONMENTS, f"region: {old}", f"region: {new}")
    await life.pass_time(31)


async def status_of(world: MemoryWorld) -> UnitStatus:
    status = await world.ledger.unit(UNIT)
    assert status is not None
    return status


async def waits(life: Life) -> bool:
    return (await life.app.unit(str(UNIT))).reason == "ProviderMoved"


async def test_it_asks_says_what_stays_behind_and_can_be_put_back() -> None:
    world, life = await in_the_north()
    await look_in(life, "north", "south")

    unit = await life.app.unit(str(UNIT))
    assert (unit.ready, unit.reason) == ("False", "ProviderMoved")
    assert MOVED in unit.message
    assert "may stay behind" in unit.message
    assert (NORTH in world.engine.cloud, SOUTH in world.engine.cloud) == (True, False)
    status = await status_of(world)
    assert status.risk is not None
    assert "provider-moved" in {reason.code for reason in status.risk.reasons}

    await look_in(life, "south", "north")
    assert (await life.app.unit(str(UNIT))).ready == "True"
    assert await life.events("ProviderMoved") == []


async def test_an_approval_holds_for_one_move_and_tells_what_was_left() -> None:
    world, life = await in_the_north()
    for old, new in (("north", "south"), ("south", "north"), ("north", "south")):
        await look_in(life, old, new)
        assert await waits(life), new
        await life.app.approve_plan(APPROVER, str(UNIT))
        await life.settle()
        assert (await life.app.unit(str(UNIT))).ready == "True"
    told = await life.events("ProviderMoved")
    assert ["north → south" in each for each in told] == [True, False, True]
    assert "left behind, unmanaged: unit.this" in told[0]
    assert {NORTH, SOUTH} <= world.engine.cloud.keys()


async def test_a_look_for_drift_does_not_say_that_everything_is_gone() -> None:
    world, life = await in_the_north()
    await look_in(life, "north", "south")
    await life.app.look_for_drift(OPERATOR, str(UNIT))
    await life.settle()

    status = await status_of(world)
    found = status.condition(ConditionType.IN_SYNC)
    assert found is not None
    assert (found.status, found.reason) == ("Unknown", "ProviderMoved")
    assert MOVED in found.message
    assert status.drift == ()
    assert await life.events("DriftDetected") == []
    assert any(MOVED in told for told in await life.events("LookFailed"))


@pytest.mark.parametrize("is_known", [True, False])
async def test_an_approved_apply_that_is_cut_off_is_not_forgotten(*, is_known: bool) -> None:
    world, life = await in_the_north()
    if not is_known:  # as of a version that kept nothing
        await world.ledger.put_unit(replace(await status_of(world), made_with=()))
    world.engine.fail("applied", EngineFailed.because("cut off"))
    await look_in(life, "north", "south")
    if is_known:
        await life.app.approve_plan(APPROVER, str(UNIT))
        await life.settle()
    assert SOUTH in world.engine.cloud

    killed = replace(await status_of(world), failures=0)
    await world.ledger.put_unit(killed)
    life = world.start()
    world.edit(ENVIRONMENTS, "region: south", "region: north")
    await life.begin()
    await life.settle()

    unit = await life.app.unit(str(UNIT))
    assert (unit.reason, "south → north" in unit.message) == ("ProviderMoved", True)


async def test_what_was_killed_before_its_note_asks_once_more() -> None:
    world, life = await in_the_north()
    world.engine.fail("applied", EngineFailed.because("cut off"))
    await look_in(life, "north", "south")
    await life.app.approve_plan(APPROVER, str(UNIT))
    await life.settle()
    await life.pass_time(31)
    assert await waits(life)
    assert len((await status_of(world)).made_with) == 2

    await life.app.approve_plan(APPROVER, str(UNIT))
    await life.settle()
    assert (await life.app.unit(str(UNIT))).ready == "True"
    (places,) = (await status_of(world)).made_with
    assert places["localcloud"] == {"region": "south"}


async def test_a_unit_that_is_taken_away_meanwhile_is_not_forgotten_either() -> None:
    world, life = await in_the_north()
    world.repository.commit({"extra.yaml": None}, author=AUTHOR)
    await look_in(life, "north", "south")

    assert await waits(life)
    assert NORTH in world.engine.cloud
    await look_in(life, "south", "north")
    assert NORTH not in world.engine.cloud
    assert await world.ledger.unit(UNIT) is None


async def test_what_finds_the_same_things_asks_nobody() -> None:
    world, life = await in_the_north()
    before = (await status_of(world)).made_with
    await look_in(life, "north", "north, max_retries: 9")
    assert (await life.app.unit(str(UNIT))).ready == "True"
    assert (await status_of(world)).made_with == before


async def test_a_unit_of_an_earlier_version_is_noted_at_its_next_turn() -> None:
    world, life = await in_the_north()
    before = await status_of(world)
    await world.ledger.put_unit(replace(before, made_with=()))
    world.engine.calls.clear()
    world.repository.commit({"README.md": "other words"}, author=AUTHOR)
    await life.pass_time(31)

    assert (await status_of(world)).made_with == before.made_with
    assert world.engine.calls == []


@pytest.mark.parametrize("policy", ["destroy", "refuse"])
async def test_what_a_first_apply_left_when_it_was_cut_off_goes_as_its_policy_says(
    policy: str,
) -> None:
    world = MemoryWorld()
    world.example()
    life = world.start()
    await life.begin()
    await life.settle()
    stack = STACK.replace("destroy", policy)
    world.repository.commit({"extra.yaml": stack}, author=AUTHOR)
    world.engine.fail("applied", EngineFailed.because("cut off"))
    await life.pass_time(31)
    assert (await status_of(world)).outcome is None
    assert str(UNIT) in world.engine.cloud
    world.repository.commit({"extra.yaml": None}, author=AUTHOR)
    await life.pass_time(31)

    is_kept = policy == "refuse"
    assert (str(UNIT) in world.engine.cloud) is is_kept
    assert ((await world.ledger.unit(UNIT)) is not None) is is_kept


async def moved_to_the_south() -> tuple[MemoryWorld, Life, str]:
    """A unit whose move was approved, and the serial of its last state of the north."""
    world, life = await in_the_north()
    serial = (await life.app.states(str(UNIT)))[0].serial
    await look_in(life, "north", "south")
    await life.app.approve_plan(APPROVER, str(UNIT))
    await life.settle()
    assert (await life.app.unit(str(UNIT))).ready == "True"
    return world, life, str(serial)


async def test_a_restored_state_of_the_old_place_is_known_as_one_and_waits() -> None:
    world, life, serial = await moved_to_the_south()
    shown = {str(state.serial): state.moved for state in await life.app.states(str(UNIT))}
    assert shown[serial] == (MOVED,)
    assert [moved for at, moved in shown.items() if at != serial] == [()]

    await life.app.restore_state(ADMIN, str(UNIT), serial)
    await life.settle()
    (told,) = await life.events("StateRestored")
    assert MOVED in told
    assert "will wait for a person" in told
    await life.app.suspend(OPERATOR, str(UNIT), suspended=False)
    await life.settle()
    assert await waits(life)
    assert MOVED in (await life.app.unit(str(UNIT))).message

    await look_in(life, "south", "north")
    assert (await life.app.unit(str(UNIT))).ready == "True"
    assert (await status_of(world)).made_with[0]["localcloud"] == {"region": "north"}


async def test_a_kept_state_of_an_earlier_version_is_told_and_not_guessed() -> None:
    world, life, serial = await moved_to_the_south()
    kept = world.states._kept[UNIT]
    kept[:] = [(replace(state, made_with=()), content) for state, content in kept]
    assert {state.moved for state in await life.app.states(str(UNIT))} == {None}

    await life.app.restore_state(ADMIN, str(UNIT), serial)
    await life.settle()
    (told,) = await life.events("StateRestored")
    assert "nobody noted where what it names was made" in told
    assert (await status_of(world)).made_with == ()


async def test_a_state_that_was_put_back_by_hand_is_known_by_its_content() -> None:
    world, life, serial = await moved_to_the_south()
    text = await world.states.read(UNIT, int(serial))
    assert text is not None
    (world.workspaces.directory(UNIT) / "terraform.tfstate").write_text(text.reveal())

    await life.app.look_for_drift(OPERATOR, str(UNIT))
    await life.settle()
    found = (await status_of(world)).condition(ConditionType.IN_SYNC)
    assert found is not None
    assert (found.status, found.reason) == ("Unknown", "ProviderMoved")
    world.edit("extra.yaml", "receipts", "bills")
    await life.pass_time(31)
    assert await waits(life)


async def test_a_dry_run_of_a_rollback_tells_that_a_provider_moved() -> None:
    world, life = await in_the_north()
    world.edit("extra.yaml", "receipts", "bills")
    await life.pass_time(31)
    await look_in(life, "north", "south")
    preview = await life.app.promotions.preview("shop/dev")
    (found,) = [unit for unit in preview.units if unit.unit == str(UNIT)]
    assert found.moved == (MOVED,)
    assert f"its provider looks elsewhere there ({MOVED}): a person is asked" in found.said

    await world.ledger.put_unit(replace(await status_of(world), made_with=()))
    preview = await life.app.promotions.preview("shop/dev")
    (found,) = [unit for unit in preview.units if unit.unit == str(UNIT)]
    assert "it was never noted" in found.said
