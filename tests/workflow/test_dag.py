"""Sixty units that need each other, under failures, kills and removal."""

import random
from collections import Counter
from pathlib import Path

import pytest

from controller.adapters.engine.memory import MemoryEngine
from controller.bench import units
from controller.diagnostics.errors import (
    DependencyNotReady,
    EngineFailed,
    EngineRefused,
    Throttled,
    TrueupError,
)
from controller.model.caller import Caller, Role
from controller.model.condition import ConditionType
from controller.model.names import UnitName
from controller.steps import render as render_step
from tests.support.worlds import Killed, Life, MemoryWorld

COUNT = 60
SOMEBODY = Caller("demo", Role.APPROVER)
PRODUCT = "products/product-0"
STACK = """apiVersion: platform/v1
kind: Stack
metadata: {{name: {name}, product: product-0}}
spec:
  module: modules/data
  dependsOn: [{needs}]
  inputs: {{text: "{text}"{upstream}}}
  deletionPolicy: {policy}
  protect: {protect}
"""


class Watched(MemoryEngine):
    """Notes the order of effects, fails where it is told to, and as chance has it."""

    def __init__(self, chance: random.Random | None = None) -> None:
        super().__init__()
        self.applied: list[str] = []
        self.broken: set[str] = set()
        self._chance = chance

    async def apply(self, directory: Path, **more) -> None:
        name = "/".join(directory.parts[-3:])
        if name in self.broken:
            raise EngineRefused.because("memory refused: AccessDenied")
        if self._chance is not None and self._chance.random() < 0.25:
            kinds = (EngineFailed, Throttled, EngineRefused)
            raise self._chance.choice(kinds).because("as chance has it")
        await super().apply(directory, **more)
        self.applied.append(name)
        if self._chance is not None and self._chance.random() < 0.1:
            raise Killed


def graph(seed: int, number: int = COUNT // 2) -> dict[int, set[int]]:
    """What each stack needs, of those before it."""
    source = random.Random(seed)
    return {
        index: set(source.sample(range(index), k=min(index, source.choice((0, 1, 1, 2, 3)))))
        for index in range(number)
    }


def files(needs: dict[int, set[int]], **more: object) -> dict[str, str]:
    """The documents of a graph: the first need is read, the others are only named."""
    given = {
        path: text
        for path, text in units.repository(2).items()
        if not path.endswith("stack-0.yaml")
    }
    for index, before in needs.items():
        given |= stack(index, before, **more)
    return given


def stack(
    index: int, needs: set[int], text: str = "", policy: str = "destroy", protect: str = "false"
) -> dict[str, str]:
    read = f", upstream: {{output: stack-{min(needs)}.text}}" if needs else ""
    names = ", ".join(f"stack-{other}" for other in sorted(needs))
    content = STACK.format(
        name=f"stack-{index}", needs=names, text=text or f"text {index}", upstream=read,
        policy=policy, protect=protect,
    )  # fmt: skip
    return {f"{PRODUCT}/stack-{index}.yaml": content}


def descendants(needs: dict[int, set[int]], of: set[int]) -> set[int]:
    found: set[int] = set()
    for index, before in needs.items():
        if before & (of | found):
            found.add(index)
    return found


def name(index: int, environment: str = "dev") -> str:
    return f"product-0/{environment}/stack-{index}"


async def life_of(world: MemoryWorld, given: dict[str, str | None]) -> Life:
    world.repository.commit(given, subject="change", author="Casey <c@example.com>")
    life = world.start()
    await life.begin()
    await life.settle(turns=4000)
    return life


async def states(world: MemoryWorld) -> dict[str, str]:
    found = {}
    for unit in await world.ledger.units():
        ready = unit.condition(ConditionType.READY)
        found[str(unit.name)] = "Unknown" if ready is None else ready.reason
    return found


async def test_a_failed_unit_stops_exactly_what_depends_on_it() -> None:
    needs = graph(4)
    world = MemoryWorld(engine=Watched())
    failing = {3, 11}
    world.engine.broken = {name(index) for index in failing}

    life = await life_of(world, files(needs))

    stopped = descendants(needs, failing)
    assert len(stopped) >= 3
    found = await states(world)
    for index in needs:
        assert found[name(index, "staging")] == "ReconciliationSucceeded"
        expected = (
            "EngineRefused" if index in failing - stopped
            else "DependencyNotReady" if index in stopped
            else "ReconciliationSucceeded"
        )  # fmt: skip
        assert found[name(index)] == expected, index

    world.engine.broken.clear()
    await life.pass_time(601)
    await life.pass_time(31)
    assert set((await states(world)).values()) == {"ReconciliationSucceeded"}
    assert max(Counter(world.engine.applied).values()) == 1


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_fails_order_holds_and_nothing_is_done_twice(seed: int) -> None:
    needs = graph(seed, 20)
    world = MemoryWorld(engine=Watched(random.Random(seed)))
    world.repository.commit(files(needs), subject="first", author="Casey <c@example.com>")
    life: Life | None = None
    for _ in range(120):
        try:
            if life is None:
                life = world.start()
                await life.begin()
            await life.pass_time(601)
        except Killed:
            life = None
            continue
        if set((await states(world)).values()) == {"ReconciliationSucceeded"}:
            break

    found = await states(world)
    assert set(found.values()) == {"ReconciliationSucceeded"}
    assert len(found) == 2 * len(needs)
    assert max(Counter(world.engine.applied).values()) == 1
    at = {each: number for number, each in enumerate(world.engine.applied)}
    for index, before in needs.items():
        for environment in units.ENVIRONMENTS:
            for first in before:
                assert at[name(first, environment)] < at[name(index, environment)]


async def test_units_that_go_together_go_in_reverse() -> None:
    needs = graph(7, 12)
    world = MemoryWorld(engine=Watched())
    life = await life_of(world, files(needs))
    applied = list(world.engine.applied)

    for index in needs:
        world.repository.commit({f"{PRODUCT}/stack-{index}.yaml": None})
    world.engine.applied.clear()
    for _ in range(4):
        await life.pass_time(31)

    assert world.engine.cloud == {}
    assert await world.ledger.units() == []
    assert sorted(world.engine.applied) == sorted(applied)
    at = {each: number for number, each in enumerate(world.engine.applied)}
    for index, before in needs.items():
        assert all(at[name(first)] > at[name(index)] for first in before)


async def test_a_unit_that_others_still_need_waits_until_they_are_gone() -> None:
    needs = {0: set(), 1: {0}, 2: {1}}
    world = MemoryWorld(engine=Watched())
    given = files({0: set(), 1: {0}}) | stack(2, {1}, policy="refuse")
    life = await life_of(world, given)

    world.repository.commit({path: None for path in given if "stack-" in path})
    for _ in range(3):
        await life.pass_time(31)

    found = await states(world)
    assert {found[name(index)] for index in (0, 1)} == {"DependencyNotReady"}
    assert found[name(2)] == "Stalled"
    assert len(world.engine.cloud) == 2 * len(needs)


@pytest.mark.parametrize(("policy", "is_left"), [("orphan", True), ("destroy", False)])
async def test_units_go_although_the_whole_product_is_gone_from_git(
    policy: str, is_left: bool
) -> None:
    world = MemoryWorld(engine=Watched())
    given = files({0: set(), 1: {0}}, policy=policy)
    life = await life_of(world, given)

    world.repository.commit(dict.fromkeys(given))
    for _ in range(3):
        await life.pass_time(31)

    assert await world.ledger.units() == []
    assert bool(world.engine.cloud) is is_left


async def test_a_protected_unit_is_destroyed_only_after_somebody_approved() -> None:
    world = MemoryWorld(engine=Watched())
    given = files({0: set()}, protect="true")
    life = await life_of(world, given)
    world.repository.commit({f"{PRODUCT}/stack-0.yaml": None})
    await life.pass_time(31)
    assert set((await states(world)).values()) == {"ApprovalPending"}
    assert len(world.engine.cloud) == 2
    unit = await life.app.unit(name(0))
    assert unit.hint == f"`trueup approve {name(0)}` lets exactly this plan through"

    before = list(world.engine.calls)
    await life.pass_time(120)
    assert ("plan", name(0)) not in world.engine.calls[len(before) :]
    await life.app.approve_plan(SOMEBODY, name(0))
    await life.settle()

    assert set(world.engine.cloud) == {name(0, "staging")}


@pytest.mark.parametrize("error", [EngineFailed, EngineRefused])
async def test_a_removal_that_fails_says_why_and_goes_on_when_it_can(
    error: type[TrueupError],
) -> None:
    """As when the credentials are gone, and the repository does not answer any more."""
    world = MemoryWorld(engine=Watched())
    life = await life_of(world, files({0: set()}))
    world.repository.commit({f"{PRODUCT}/stack-0.yaml": None})
    for _ in range(2):
        world.engine.fail("plan", error.because("no credentials"))
    await life.pass_time(31)
    assert set((await states(world)).values()) == {error.__name__}
    world.repository.unreachable = "gone"

    for _ in range(2):
        await life.pass_time(601)

    assert world.engine.cloud == {}


async def test_an_output_that_changes_after_the_plan_makes_the_plan_worthless() -> None:
    """The one who approved has seen other values than those that would be applied now."""
    world = MemoryWorld(engine=Watched())
    given = files({0: set(), 1: {0}})
    environments = given["platform/environments.yaml"].replace(
        "spec:", "spec:\n  sync: {mode: manual}"
    )
    life = await life_of(world, given)
    manual = {"platform/environments.yaml": environments, **stack(1, {0}, text="another")}
    life = await life_of(world, manual)
    approved = (await life.app.unit(name(1))).plan_waiting
    assert approved
    await life.app.approve_plan(SOMEBODY, name(1), expect=approved)
    world.repository.commit(stack(0, set(), text="changed above"))
    await life.pass_time(31)
    await life.app.approve_plan(SOMEBODY, name(0))
    await life.settle()

    assert world.engine.cloud[name(0)]["text"] == "changed above"
    assert world.engine.cloud[name(1)]["text"] == "text 1" or (
        world.engine.cloud[name(1)]["upstream"] == "text 0"
    )
    waiting = (await life.app.unit(name(1))).plan_waiting
    assert waiting
    assert waiting != approved
    await life.app.approve_plan(SOMEBODY, name(1), expect=waiting)
    await life.settle()
    assert world.engine.cloud[name(1)]["upstream"] == "changed above"


async def test_what_a_survey_remembers_is_what_a_rendering_gives() -> None:
    needs = graph(2, 10)
    world = MemoryWorld(engine=Watched())
    life = await life_of(world, files(needs))
    changes = [
        stack(4, needs[4], text="another"),
        {"modules/data/main.tf": files({})["modules/data/main.tf"] + "# words\n"},
        {"README.md": "words"},
        {"platform/environments.yaml": files({})["platform/environments.yaml"] + "# x\n"},
        {
            "platform/environments.yaml": files({})["platform/environments.yaml"].replace(
                "embedded", "tofu"
            )
        },
    ]
    for change in changes:
        world.repository.commit(change)
        await life.pass_time(31)
        await life.pass_time(31)
        for unit in await world.ledger.units():
            wanted = await life.parts.units.find_wanted(unit.name)
            assert wanted is not None
            upstream = await life.parts.units.upstream(wanted)
            fresh = render_step.render(wanted.catalog, wanted.unit, upstream)
            assert life.parts.survey._rendered(wanted, upstream) == fresh.digest
            assert unit.is_true(ConditionType.READY)


async def test_a_plan_that_waits_for_another_is_never_applied_with_less() -> None:
    world = MemoryWorld(engine=Watched())
    life = await life_of(world, files({0: set(), 1: {0}}))
    wanted = await life.parts.units.find_wanted(UnitName.parse(name(1)))
    first = await world.ledger.unit(UnitName.parse(name(0)))
    assert wanted is not None
    await world.ledger.remove_unit(first.name)
    with pytest.raises(DependencyNotReady):
        await life.parts.units.upstream(wanted)
