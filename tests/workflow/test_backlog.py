"""What piled up during a pause is counted, asked for, and let go slowly."""

import pytest

from controller.bench import units
from controller.diagnostics.errors import EngineFailed, Stalled
from controller.model.caller import Caller, Role
from controller.model.names import UnitName
from controller.permission import NotAllowed
from tests.support.worlds import Life, MemoryWorld

SOMEBODY = Caller("demo", Role.APPROVER)
ADMIN = Caller("admin", Role.ADMIN)
COUNT = 16
LIMITS = "limits: {concurrentApplies: 64"


def commit(world: MemoryWorld, files: dict[str, str], **more: str | None) -> None:
    world.repository.commit({**files, **more}, subject="change", author="Casey <c@example.com>")


def texts(world: MemoryWorld, environment: str = "dev") -> list[object]:
    """What each unit of an environment was given."""
    return [
        attributes["text"]
        for name, attributes in sorted(world.engine.cloud.items())
        if f"/{environment}/" in name
    ]


def changed(number: int, text: str) -> dict[str, str]:
    """New texts for some stacks that nobody reads."""
    files: dict[str, str] = {}
    for index in range(1, number + 1):
        files.update(units.stack("product-0", index, text=text))
    return files


@pytest.fixture
async def world() -> MemoryWorld:
    """Eight units in each environment, all as wanted; an hour is a pause, three are much."""
    world = MemoryWorld()
    files = dict(units.repository(COUNT))
    environments = files["platform/environments.yaml"].replace(
        LIMITS, f"{LIMITS}, backlog: {{ask: 3, drifted: 2, after: 1h}}"
    )
    commit(world, {**files, "platform/environments.yaml": environments})
    life = world.start()
    await life.begin()
    await life.settle()
    return world


async def born_again(world: MemoryWorld, seconds: float) -> Life:
    """The controller was down for some time."""
    world.clock.advance(seconds)
    life = world.start()
    await life.begin()
    await life.settle(turns=900)
    return life


async def waiting(world: MemoryWorld) -> set[str]:
    found = set()
    for unit in await world.ledger.units():
        if any(c.reason == "BacklogApproval" for c in unit.conditions):
            found.add(unit.name.environment)
    return found


async def test_after_a_short_pause_nothing_is_asked(world: MemoryWorld) -> None:
    commit(world, changed(7, "new"))
    life = await born_again(world, 3000)
    assert texts(world)[1:] == ["new"] * 7
    assert await life.events("BacklogFound") == []


async def test_after_a_long_pause_many_changes_wait_for_a_person(world: MemoryWorld) -> None:
    commit(world, changed(7, "new"))

    life = await born_again(world, 7000)

    assert "new" not in texts(world) + texts(world, "staging")
    assert await waiting(world) == {"dev", "staging"}
    scopes = {finding.scope for finding in await life.app.findings()}
    assert scopes == {"backlog/dev", "backlog/staging"}
    with pytest.raises(NotAllowed):
        await life.app.approve_backlog(Caller("op", Role.OPERATOR), "dev")
    await life.app.approve_backlog(SOMEBODY, "dev", "looked at it", expect="7")
    await life.settle(turns=900)
    assert texts(world)[1:] == ["new"] * 7
    assert "new" not in texts(world, "staging")
    assert {finding.scope for finding in await life.app.findings()} == {"backlog/staging"}


async def test_the_question_and_the_answer_outlive_the_controller(world: MemoryWorld) -> None:
    commit(world, changed(7, "new"))
    await born_again(world, 7000)
    life = await born_again(world, 60)
    assert "new" not in texts(world)
    await life.app.approve_backlog(SOMEBODY, "dev")

    await born_again(world, 60)

    assert texts(world)[1:] == ["new"] * 7
    assert len(await life.events("BacklogApproval")) == 2, "once for each environment"


async def test_few_changes_go_by_themselves_one_after_the_other(world: MemoryWorld) -> None:
    commit(world, changed(3, "new"))
    life = await born_again(world, 7000)
    assert texts(world)[1:4] == ["new"] * 3
    assert await life.events("BacklogApproval") == []

    for _ in range(25):
        await life.pass_time(31)
    assert len(await life.events("BacklogDone")) == 2
    commit(world, changed(7, "newer"))
    await life.pass_time(31)
    assert texts(world)[1:] == ["newer"] * 7, "what comes later is no backlog"


async def test_plans_without_changes_do_not_count(world: MemoryWorld) -> None:
    environments = world.repository._contents[world.repository._head][
        "platform/environments.yaml"
    ].decode()
    commit(world, {"platform/environments.yaml": environments.replace("embedded", "terraform")})
    world.engine.calls.clear()
    life = await born_again(world, 7000)
    assert len([call for call in world.engine.calls if call[0] == "plan"]) >= COUNT
    assert await waiting(world) == set()
    assert all(unit.ready == "True" for unit in await life.app.units())


async def test_what_was_suspended_for_long_is_asked_for(world: MemoryWorld) -> None:
    life = world.start()
    await life.begin()
    await life.settle()
    for stage in ("product-0/dev", "product-0/staging"):
        await life.app.suspend(ADMIN, stage, suspended=True)
    commit(world, changed(7, "new"))
    for _ in range(5):
        await life.pass_time(1800)
    assert "new" not in texts(world)

    await life.app.suspend(ADMIN, "product-0/dev", suspended=False)
    await life.settle(turns=900)

    assert "new" not in texts(world)
    assert await waiting(world) == {"dev"}


async def test_an_outage_of_the_provider_is_a_pause_too(world: MemoryWorld) -> None:
    life = world.start()
    await life.begin()
    await life.settle()
    commit(world, changed(7, "new"))
    for _ in range(600):
        world.engine.fail("plan", EngineFailed.because("connection refused"))
    for _ in range(5):
        await life.pass_time(1500)
    assert all(unit.failures for unit in await world.ledger.units() if unit.name.stack != "stack-0")

    world.engine._failures.clear()
    await life.pass_time(1500)
    await life.pass_time(60)

    assert "new" not in texts(world) + texts(world, "staging")
    assert await waiting(world) == {"dev", "staging"}


async def test_units_that_drift_at_once_are_not_put_back_unasked(world: MemoryWorld) -> None:
    for index in range(1, 8):
        correct = units.stack("product-0", index)
        text = next(iter(correct.values())).replace("every: 24h", "every: 24h, mode: correct")
        commit(world, {next(iter(correct)): text})
    life = world.start()
    await life.begin()
    await life.settle()
    for index in range(1, 8):
        world.engine.cloud[f"product-0/dev/stack-{index}"]["text"] = "by hand"
    for index in range(1, 8):
        await life.app.look_for_drift(ADMIN, f"product-0/dev/stack-{index}")
    await life.settle(turns=900)

    by_hand = texts(world).count("by hand")
    assert by_hand >= 5, "at most as many as `drifted` allows were put back"
    assert await waiting(world) == {"dev"}
    commit(world, units.stack("product-0", 0, text="another"))
    await life.pass_time(31)
    assert texts(world)[0] == "another", "what has not drifted goes on"

    await life.app.approve_backlog(SOMEBODY, "dev")
    await life.settle(turns=900)
    assert "by hand" not in texts(world)


async def test_nothing_waits_that_could_be_approved(world: MemoryWorld) -> None:
    life = world.start()
    await life.begin()
    with pytest.raises(Stalled):
        await life.app.approve_backlog(SOMEBODY, "dev")


async def test_a_failed_change_slows_the_ramp(world: MemoryWorld) -> None:
    commit(world, changed(3, "new"))
    world.engine.fail("apply", EngineFailed.because("broke off"))

    life = await born_again(world, 7000)
    assert texts(world).count("new") + texts(world, "staging").count("new") < 6
    for _ in range(6):
        await life.pass_time(31)

    assert texts(world)[1:4] == texts(world, "staging")[1:4] == ["new"] * 3
    name = UnitName("product-0", "dev", "stack-1")
    assert (await world.ledger.unit(name)).failures == 0
