"""Drift becomes an edit that is proved by a plan, or nothing at all."""

import pytest

from controller.diagnostics.errors import RepositoryUnreachable, Stalled
from controller.model.caller import Caller, Role
from controller.model.names import UnitName
from controller.permission import NotAllowed
from tests.support.worlds import AUTHOR, Life, MemoryWorld

API = "products/shop/stacks/api.yaml"
OPERATOR = Caller("Robin", Role.OPERATOR)
UNIT = UnitName("shop", "dev", "shop-api")
REPORT = "  drift: {mode: report, every: 10m}\n"


async def settled() -> tuple[MemoryWorld, Life]:
    world = MemoryWorld()
    world.example()
    world.edit(API, "  drift: {mode: correct, every: 10m}\n", REPORT)
    life = world.start()
    await life.begin()
    await life.settle()
    return world, life


def cloud(world: MemoryWorld) -> dict[str, object]:
    return world.engine.cloud[str(UNIT)]


async def adopt(life: Life, **asked: object) -> object:
    return await life.app.adopt(OPERATOR, str(UNIT), **asked)


async def code_of(life: Life, **asked: object) -> str:
    with pytest.raises(Stalled) as refused:
        await adopt(life, **asked)
    assert life.world.branches.pushed == {}
    return refused.value.diagnostics[0].code


def lines(diff: str) -> list[str]:
    return [
        line for line in diff.splitlines() if line[:1] in "+-" and line[:3] not in {"+++", "---"}
    ]


async def test_an_edit_is_made_for_this_environment_proved_and_pushed() -> None:
    world, life = await settled()
    cloud(world)["replicas"] = 7
    made = await adopt(life)

    assert lines(made.diff) == ["+    dev: {inputs: {replicas: 7}}"]
    ((branch, proposal),) = world.branches.pushed.items()
    assert (made.branch, made.commit) == (branch, proposal.commit)
    assert branch.startswith("trueup/adopt/shop-dev-shop-api-")
    assert (proposal.base, proposal.author) == (world.repository._head, "Robin")
    assert "replicas: 1 → 7" in proposal.message
    assert cloud(world)["replicas"] == 7
    assert [b async for b in _again(life)] == [branch]

    world.repository.commit(proposal.files, subject="merged", author=AUTHOR)
    await life.pass_time(31)
    await life.pass_time(601)
    unit = await life.app.unit(str(UNIT))
    assert (unit.ready, unit.in_sync, cloud(world)["replicas"]) == ("True", "True", 7)
    assert world.engine.cloud["shop/staging/shop-api"]["replicas"] == 1


async def _again(life: Life):
    yield (await adopt(life)).branch


async def test_a_dry_run_shows_the_edit_and_pushes_nothing() -> None:
    world, life = await settled()
    cloud(world)["env"] = {**cloud(world)["env"], "GREETING": "by hand"}
    made = await adopt(life, dry_run=True)
    assert (made.branch, world.branches.pushed) == ("", {})
    assert 'GREETING: "by hand"' in made.diff or "GREETING: by hand" in made.diff


async def test_what_the_environment_says_itself_is_edited_in_its_place() -> None:
    world, life = await settled()
    text = "production: {inputs: {replicas: 2}}"
    world.edit(API, text, f"{text}\n    dev: {{inputs: {{replicas: 3}}}}   # three for now")
    await life.pass_time(31)
    cloud(world)["replicas"] = 9
    made = await adopt(life, branch="robin/nine")
    assert lines(made.diff)[1] == "+    dev: {inputs: {replicas: 9}}   # three for now"
    assert list(world.branches.pushed) == ["robin/nine"]


async def test_what_is_ignored_is_no_reason_to_refuse_and_is_named() -> None:
    world, life = await settled()
    rule = (
        "{resource: unit.*, attribute: port, reason: somebody tries a port out, "
        'owner: team-shop, until: "2999-01-01"}'
    )
    report = REPORT.strip().removesuffix("}")
    world.edit(API, REPORT, f"  {report}, ignore: [{rule}]}}\n")
    world.edit(API, "    replicas: 1\n", "    replicas: 1\n    port: 8000\n")
    await life.pass_time(31)
    cloud(world).update(replicas=7, port=9000)
    made = await adopt(life)
    assert "put back what is ignored (port)" in made.proved
    assert "put back what is ignored (port)" in world.branches.pushed[made.branch].message
    assert "port" not in "".join(lines(made.diff))


async def test_without_drift_there_is_nothing_to_adopt() -> None:
    _, life = await settled()
    assert await code_of(life) == "adopt/no-drift"


async def test_what_no_document_can_say_is_refused() -> None:
    world, life = await settled()
    cloud(world)["computed_rules"] = "open"
    assert await code_of(life) == "adopt/not-adoptable"
    cloud(world)["api_key_hint"] = "made by hand, and by no input"
    assert await code_of(life) == "adopt/not-adoptable"
    del world.engine.cloud[str(UNIT)]
    assert await code_of(life) == "adopt/not-adoptable"


async def test_an_edit_that_is_not_proved_is_not_pushed() -> None:
    world, life = await settled()
    cloud(world)["replicas"] = 7
    world.edit(API, "/healthz", "/health")  # waits at the head, and is not here yet
    await life.parts.catalogs.set_head(
        await world.repository.snapshot((await world.repository.fetch()).revision.commit)
    )
    assert await code_of(life) == "adopt/not-proved"
    assert await code_of(life, dry_run=True) == "adopt/not-proved"


async def test_a_value_that_the_module_does_not_take_is_refused_by_the_load() -> None:
    world, life = await settled()
    cloud(world)["replicas"] = "many"
    with pytest.raises(Stalled, match="replicas"):
        await adopt(life)
    assert world.branches.pushed == {}


async def test_only_operators_adopt_and_an_unreachable_server_is_said() -> None:
    world, life = await settled()
    with pytest.raises(NotAllowed):
        await life.app.adopt(Caller("vera", Role.VIEWER), str(UNIT))
    cloud(world)["replicas"] = 7
    world.repository.unreachable = "the network is gone"
    with pytest.raises(RepositoryUnreachable):
        await adopt(life)
