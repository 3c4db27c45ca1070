"""What every engine does, from the dictionary to Terraform."""

import asyncio
import json
from pathlib import Path

import pytest

from controller.adapters.engine._process import is_alive
from controller.diagnostics.errors import EngineFailed, EngineRefused, PlanStale, StateLocked
from controller.model.drift import EngineLook
from controller.model.plan import Action
from controller.ports.engine import EngineProcess
from tests.contract.engine.engine_worlds import CANARY, World


async def applied(world: World, name: str, size: int = 1) -> Path:
    directory = world.write(name, size)
    await world.engine.init(directory)
    await world.engine.plan(directory)
    await world.engine.apply(directory)
    return directory


async def test_what_is_right_is_valid_and_init_may_be_repeated(world: World) -> None:
    directory = world.write("a")
    await world.engine.init(directory)
    await world.engine.init(directory)
    await world.engine.validate(directory)
    assert await world.engine.state(directory) is None


async def test_a_wrong_configuration_is_refused(world: World) -> None:
    directory = world.write("a")
    await world.engine.init(directory)
    world.break_configuration(directory)
    with pytest.raises(EngineRefused):
        await world.engine.validate(directory)
    with pytest.raises(EngineRefused):
        await world.engine.plan(directory)


async def test_a_wrong_value_is_refused_in_words_without_secrets(world: World) -> None:
    directory = world.write("a", "many")
    await world.engine.init(directory)
    with pytest.raises(EngineRefused, match="size") as refused:
        await world.engine.plan(directory)
    assert CANARY not in repr(refused.value)


async def test_a_first_plan_creates_and_shows_no_secret(world: World) -> None:
    directory = world.write("a")
    await world.engine.init(directory)
    heard: list[str] = []
    plan = await world.engine.plan(directory, on_progress=heard.append)
    assert [(change.address, change.action) for change in plan.changes] == [
        (world.address, Action.CREATE)
    ]
    assert plan.file == directory / "trueup.tfplan"
    assert plan.file.is_file()
    assert plan.outputs_change
    assert heard
    assert CANARY not in repr(plan) + plan.document.text() + "".join(heard)
    (shown,) = plan.document.read()["resource_changes"]
    assert (shown["address"], shown["change"]["actions"]) == (world.address, ["create"])
    assert shown["change"]["before"] is None
    assert any(attribute.sensitive for attribute in plan.changes[0].attributes)
    assert await world.engine.state(directory) is None


async def test_after_an_apply_there_is_nothing_to_do(world: World) -> None:
    directory = await applied(world, "a")
    state = await world.engine.state(directory)
    assert state is not None
    assert state.outputs == {"size": 1}
    assert state.sensitive_outputs == ("token",)
    assert state.resources == (world.address,)
    assert state.lineage
    assert CANARY not in repr(state)
    plan = await world.engine.plan(directory)
    assert (plan.changes, plan.drift, plan.outputs_change) == ((), (), False)
    assert await world.engine.refresh(directory) == EngineLook()
    await world.engine.normalise(directory)
    assert await world.engine.state(directory) == state


async def test_a_change_is_an_update_of_the_same_state(world: World) -> None:
    directory = await applied(world, "a")
    before = await world.engine.state(directory)
    world.write("a", 2)
    plan = await world.engine.plan(directory)
    assert [change.action for change in plan.changes] == [Action.UPDATE]
    (shown,) = plan.document.read()["resource_changes"]
    assert shown["change"]["actions"] == ["update"]
    assert CANARY not in repr(plan) + plan.document.text()
    await world.engine.apply(directory)
    after = await world.engine.state(directory)
    assert before is not None
    assert after is not None
    assert after.outputs == {"size": 2}
    assert (after.lineage, after.serial > before.serial) == (before.lineage, True)


async def test_a_plan_is_applied_once(world: World) -> None:
    directory = await applied(world, "a")
    with pytest.raises(PlanStale):
        await world.engine.apply(directory)


async def test_a_plan_from_before_another_apply_is_stale(world: World) -> None:
    directory = await applied(world, "a")
    world.write("a", 2)
    old = (await world.engine.plan(directory)).file.read_bytes()
    world.write("a", 3)
    await world.engine.plan(directory)
    await world.engine.apply(directory)
    (directory / "trueup.tfplan").write_bytes(old)
    with pytest.raises(PlanStale):
        await world.engine.apply(directory)


async def test_a_plan_file_that_is_none_is_stale(world: World) -> None:
    directory = await applied(world, "a")
    (directory / "trueup.tfplan").write_bytes(b"no plan")
    with pytest.raises(PlanStale):
        await world.engine.apply(directory)


async def test_a_destroy_leaves_a_state_without_resources(world: World) -> None:
    directory = await applied(world, "a")
    plan = await world.engine.plan(directory, destroy=True)
    assert [change.action for change in plan.changes] == [Action.DELETE]
    await world.engine.apply(directory)
    state = await world.engine.state(directory)
    assert state is not None
    assert state.resources == ()


async def test_what_was_changed_behind_our_back_is_planned_back(world: World) -> None:
    directory = await applied(world, "a")
    world.edit(directory)
    plan = await world.engine.plan(directory)
    assert [change.address for change in plan.changes] == [world.address]
    await world.engine.apply(directory)
    assert (await world.engine.plan(directory)).changes == ()


async def test_a_block_takes_over_what_is_there_and_then_does_nothing_more(world: World) -> None:
    directory = world.write("a")
    main = directory / "main.tf.json"
    block = {"import": [{"to": world.address, "id": world.importable}]}
    main.write_text(json.dumps({**json.loads(main.read_text()), **block}))
    await world.engine.init(directory)
    (change,) = (await world.engine.plan(directory)).changes
    assert (change.address, change.imported) == (world.address, True)
    assert change.action in {Action.IMPORT, Action.UPDATE}
    await world.engine.apply(directory)
    state = await world.engine.state(directory)
    assert state is not None
    assert state.resources == (world.address,)
    assert (await world.engine.plan(directory)).changes == ()
    assert await world.engine.refresh(directory) == EngineLook()


async def test_an_existing_thing_is_imported_once(world: World) -> None:
    directory = world.write("a")
    await world.engine.init(directory)
    await world.engine.import_resource(directory, world.address, world.importable)
    state = await world.engine.state(directory)
    assert state is not None
    assert state.resources == (world.address,)
    with pytest.raises(EngineRefused):
        await world.engine.import_resource(directory, world.address, world.importable)


async def test_the_process_is_told_before_anything_is_done(world: World) -> None:
    directory = world.write("a")
    await world.engine.init(directory)
    await world.engine.plan(directory)
    told: list[EngineProcess] = []

    async def note(process: EngineProcess) -> None:
        assert is_alive(process)
        assert await world.engine.state(directory) is None
        told.append(process)

    await world.engine.apply(directory, on_process=note)
    assert len(told) == 1
    assert not is_alive(EngineProcess(told[0].pid, told[0].started - 5))


async def test_an_apply_does_not_begin_when_its_process_cannot_be_noted(world: World) -> None:
    directory = world.write("a")
    await world.engine.init(directory)
    await world.engine.plan(directory)

    async def note(_process: EngineProcess) -> None:
        raise RuntimeError("the ledger is full")

    with pytest.raises(RuntimeError, match="full"):
        await world.engine.apply(directory, on_process=note)
    assert await world.engine.state(directory) is None
    await world.engine.apply(directory)


async def test_a_lock_is_told_and_kept_while_its_holder_lives(world: World) -> None:
    async with world.applying("a") as applying:
        holder = await world.engine.lock_holder(applying.directory)
        assert holder is not None
        assert "apply" in holder.operation.lower()
        with pytest.raises(StateLocked, match=holder.id):
            await world.engine.plan(applying.directory)
        with pytest.raises(StateLocked):
            await world.engine.force_unlock(applying.directory, holder.id)
        applying.go_on()
        await applying.task
    assert await world.engine.lock_holder(applying.directory) is None
    with pytest.raises(EngineRefused):
        await world.engine.force_unlock(applying.directory, holder.id)


async def test_a_cancelled_apply_ends_in_order(world: World) -> None:
    async with world.applying("a") as applying:
        applying.task.cancel()
        applying.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await applying.task
        assert await world.engine.lock_holder(applying.directory) is None
        (applying.directory / "go").touch()
        applying.go_on()
        await world.engine.plan(applying.directory)
        await world.engine.apply(applying.directory)
        assert (await world.engine.plan(applying.directory)).changes == ()


async def test_an_emptied_state_is_an_alarm(world: World) -> None:
    directory = await applied(world, "a")
    world.write("a", 2)
    await world.engine.plan(directory)
    await world.engine.apply(directory)
    (directory / "terraform.tfstate").write_bytes(b"")
    with pytest.raises(EngineFailed, match="empty"):
        await world.engine.state(directory)
    for call in (world.engine.plan, world.engine.refresh):
        with pytest.raises(EngineFailed, match="empty"):
            await call(directory)
    (directory / "terraform.tfstate").unlink()
    with pytest.raises(EngineFailed, match="gone"):
        await world.engine.plan(directory)


async def test_an_empty_state_of_a_killed_first_run_is_none(world: World) -> None:
    directory = world.write("a")
    await world.engine.init(directory)
    (directory / "terraform.tfstate").write_bytes(b"")
    plan = await world.engine.plan(directory)
    assert [change.action for change in plan.changes] == [Action.CREATE]


async def test_directories_are_worked_on_side_by_side(world: World) -> None:
    names = [f"unit-{number}" for number in range(5)]
    directories = await asyncio.gather(
        *(applied(world, name, size) for size, name in enumerate(names))
    )
    states = [await world.engine.state(directory) for directory in directories]
    assert [state.outputs["size"] for state in states if state] == [0, 1, 2, 3, 4]
