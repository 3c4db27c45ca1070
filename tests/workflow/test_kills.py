"""The process is gone after the n-th thing it did; the next life ends where others do."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from controller.bench import units
from controller.model.caller import Caller, Role
from controller.model.names import StageName
from controller.model.record import Standing
from controller.steps.decide.verify import verify
from controller.workflows.pointers import decision_path, read_pointer
from tests.support.worlds import Killed, Life, MemoryWorld

API = "products/shop/stacks/api.yaml"
TOUCHED = ("ledger", "pointers", "engine", "workspaces", "artifacts", "store", "target", "wakeups")
KILLS = 16
"""Spread over everything that is done; `test_kill_after_each_step` has each step of each run."""


class Counted:
    """Passes every call on, and kills after the call with a certain number."""

    def __init__(self, real: Any, count: Callable[[], None]) -> None:
        self._real = real
        self._count = count

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._real, name)
        if not callable(found) or name.startswith("_"):
            return found

        def call(*given: Any, **named: Any) -> Any:
            result = found(*given, **named)
            if hasattr(result, "__await__"):
                return self._after(result)
            self._count()
            return result

        return call

    async def _after(self, result: Any) -> Any:
        value = await result
        self._count()
        return value


async def story(life: Life) -> None:
    """A release, an approval, a change, a slow change, drift."""
    world = life.world
    await life.begin()
    await life.settle()
    stage = await life.app.stage("shop/production")
    if stage.approval_wanted and "change" not in world.told:
        await life.app.approve(Caller("demo", Role.APPROVER), "shop/production")
    await life.settle()
    if "change" not in world.told:
        world.told.append("change")
        world.edit(API, "Welcome to the shop", "Good morning")
    await life.pass_time(31)
    if "drift" not in world.told:
        world.told.append("drift")
        world.engine.cloud["shop/dev/shop-api"]["replicas"] = 7
    await life.pass_time(601)


def end_state(world: MemoryWorld, pointers: dict[str, str]) -> dict[str, Any]:
    """What there is at the end, without the times."""
    where = {
        path: [line for line in text.splitlines() if line.startswith(("commit", "release"))]
        for path, text in pointers.items()
        if path.endswith(".yaml")
    }
    cloud = {
        name: {**attributes, "directory": str(attributes.get("directory", "")).rpartition("/")[2]}
        for name, attributes in world.engine.cloud.items()
    }
    return {"cloud": cloud, "pointers": where}


def standings(world: MemoryWorld, files: dict[str, str]) -> set[Standing]:
    """What a check says of the record that each pointer names; both are there or none is."""
    stages = [StageName("shop", path[5:-5]) for path in files if path.startswith("shop/")]
    found = set()
    for stage in stages:
        pointer = read_pointer(stage, files)
        assert pointer and pointer.decision
        record = files[decision_path(stage, pointer.decision)]
        found.add(verify(record, world.seal, pointer.decision).standing)
    return found


def effects(world: MemoryWorld) -> dict[str, Any]:
    """What was done to the world: serials of states tell how often something was applied."""
    moves = [message.splitlines()[0] for _, message, _ in world.pointers.commits]
    return {"moves": sorted(moves)}


async def play(kill_after: int | None) -> tuple[MemoryWorld, int]:
    """Play the story, killed once after so many calls; gives the world and the calls made."""
    world = MemoryWorld()
    world.example()
    calls = 0
    real = {name: getattr(world, name) for name in TOUCHED}

    def count() -> None:
        nonlocal calls
        calls += 1
        if calls == kill_after:
            raise Killed

    for name, adapter in real.items():
        setattr(world, name, Counted(adapter, count))
    try:
        await story(world.start())
    except Killed:
        for name, adapter in real.items():
            setattr(world, name, adapter)
        await story(world.start())
        await world.start().pass_time(0)
    for name, adapter in real.items():
        setattr(world, name, adapter)
    return world, calls


@pytest.fixture(scope="module")
def unharmed() -> tuple[dict[str, Any], dict[str, Any], int]:
    """The end state and the effects of the story without a kill."""

    async def look() -> tuple[dict[str, Any], dict[str, Any], int]:
        world, calls = await play(None)
        return end_state(world, dict(await world.pointers.read())), effects(world), calls

    return asyncio.run(look())


@pytest.mark.parametrize("share", [n / KILLS for n in range(KILLS)])
async def test_a_kill_anywhere_changes_nothing_in_the_end(share: float, unharmed: Any) -> None:
    state, done, calls = unharmed

    world, _ = await play(1 + int(share * calls))

    assert end_state(world, dict(await world.pointers.read())) == state
    assert effects(world) == done
    assert standings(world, dict(await world.pointers.read())) == {Standing.VALID}
    assert list(await world.ledger.open_runs()) == []
    assert await world.ledger.verify_chain() is None


STEPS = ("plan", "apply", "record", "gate shop-load", "pointer")


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("nth", [1, 3])
@pytest.mark.parametrize("step", STEPS)
async def test_kill_after_each_step(step: str, nth: int, when: str, unharmed: Any) -> None:
    state, done, _ = unharmed
    world = MemoryWorld()
    world.example()
    seen = 0

    def on_step(name: str, moment: str) -> None:
        nonlocal seen
        if (name, moment) == (step, when):
            seen += 1
            if seen == nth:
                raise Killed

    with pytest.raises(Killed):
        await story(world.start(on_step))
    await story(world.start())

    assert end_state(world, dict(await world.pointers.read())) == state
    assert effects(world) == done


async def survey_of_many(world: MemoryWorld, kill_after: int | None) -> int:
    """A commit that changes no unit, killed once after so many calls; gives the calls made."""
    calls = 0
    real = {name: getattr(world, name) for name in TOUCHED}

    def count() -> None:
        nonlocal calls
        calls += 1
        if calls == kill_after:
            raise Killed

    for name, adapter in real.items():
        setattr(world, name, Counted(adapter, count))
    try:
        life = world.start()
        await life.begin()
        await life.settle()
    except Killed:
        pass
    for name, adapter in real.items():
        setattr(world, name, adapter)
    return calls


async def many() -> MemoryWorld:
    world = MemoryWorld()
    world.repository.commit(dict(units.repository(8)), subject="first", author="C <c@x.org>")
    await survey_of_many(world, None)
    world.engine.calls.clear()
    world.repository.commit(dict(units.touched(8, "again")), subject="second", author="C <c@x.org>")
    return world


@pytest.fixture(scope="module")
def calls_of_many() -> int:
    """How many calls the second commit takes."""

    async def look() -> int:
        return await survey_of_many(await many(), None)

    return asyncio.run(look())


@pytest.mark.parametrize("share", [n / 6 for n in range(6)])
async def test_a_kill_while_many_are_found_unchanged_loses_none(
    share: float, calls_of_many: int
) -> None:
    world = await many()

    await survey_of_many(world, 1 + int(share * calls_of_many))
    await survey_of_many(world, None)

    head = world.repository._head
    found = await world.ledger.units()
    assert {unit.outcome.commit for unit in found if unit.outcome} == {head}
    assert len(found) == 8
    assert {operation for operation, _ in world.engine.calls} <= {"refresh", "init"}
