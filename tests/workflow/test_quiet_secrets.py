"""A secret at which nothing has changed costs its store a search, which others share."""

from collections.abc import Awaitable, Callable

import pytest

from controller.diagnostics.secret import SecretText
from controller.model.names import SecretName
from controller.workflows.quiet import FULL
from tests.support.worlds import Life
from tests.workflow.test_secret_copies import COPIES, GONE, KEPT, OWN, SECRET, World

NAME = SecretName("shop", "dev", "key")


async def settled() -> tuple[World, Life]:
    world = World()
    world.commit(SECRET + COPIES)
    life = world.memory.start()
    await life.begin()
    await life.settle()
    await life.pass_time(601)
    await life.pass_time(601)
    world.store.calls.clear()
    return world, life


async def test_a_look_at_what_is_as_it_was_asks_once_for_each_folder() -> None:
    world, life = await settled()
    await life.pass_time(601)
    assert world.store.calls == ["survey", "survey"]
    assert (await life.app.secrets())[0].message == "delivered"


async def test_now_and_then_there_is_a_full_turn_all_the_same() -> None:
    world, life = await settled()
    await life.pass_time(FULL.total_seconds())
    assert "read" in world.store.calls
    world.store.calls.clear()
    await life.pass_time(601)
    await life.pass_time(601)
    assert set(world.store.calls[-2:]) == {"survey"}


async def _value(world: World, _life: Life) -> None:
    await world.store.inner.write(OWN, {"value": SecretText("x" * 20)}, expect=1)


async def _copy(world: World, _life: Life) -> None:
    await world.store.inner.write(KEPT, {"value": SecretText("x" * 20)}, expect=1)


async def _mark(world: World, _life: Life) -> None:
    await world.store.inner.mark(GONE, {"trueup-owner": "somebody"})


async def _file(world: World, _life: Life) -> None:
    world.memory.target.delivered.clear()


async def _wish(world: World, life: Life) -> None:
    await life.parts.wishes.rotate(NAME, world.memory.clock.now())


async def _document(world: World, _life: Life) -> None:
    world.commit(SECRET + COPIES + "  rotation: {every: 30d, grace: 1s}\n")


@pytest.mark.parametrize("change", [_value, _copy, _mark, _file, _wish, _document])
async def test_whatever_changes_has_a_full_turn(
    change: Callable[[World, Life], Awaitable[None]],
) -> None:
    world, life = await settled()
    await change(world, life)
    await life.pass_time(601)
    assert world.store.calls.count("read") > 0
    await life.pass_time(601)
    await life.pass_time(601)
    world.store.calls.clear()
    await life.pass_time(601)
    assert "write" not in world.store.calls


async def test_what_changes_right_after_a_turn_is_seen_by_the_next() -> None:
    world, life = await settled()
    world.memory.target.delivered.clear()
    await life.pass_time(601)
    await _copy(world, life)
    await life.pass_time(601)
    assert await world.store.inner.read(KEPT) == await world.store.inner.read(OWN)
