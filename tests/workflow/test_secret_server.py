"""What is wrong with the embedded secret server is told, and nothing is begun on a full disk."""

from dataclasses import replace

from controller.model.delivery import ServerHealth
from tests.support.worlds import Life, MemoryWorld

WELL = ServerHealth("/data/openbao", free_bytes=100, low_bytes=50, full_bytes=10)


def life_with(world: MemoryWorld, health: list[ServerHealth]) -> Life:
    world.health = lambda: health[-1]
    return world.start()


async def codes(life: Life) -> list[str]:
    return [found.code for found in await life.app.findings() if found.code.startswith("secrets/")]


async def test_room_that_ends_is_told_before_it_is_gone_and_when_it_is_back() -> None:
    world, health = MemoryWorld(), [WELL]
    world.example()
    life = life_with(world, health)
    await life.begin()
    await life.settle()
    assert await codes(life) == []
    delivered = len(world.target.delivered)
    for room, expected in ((40, ["secrets/disk-low"]), (5, ["secrets/disk-full"]), (90, [])):
        health.append(replace(WELL, free_bytes=room))
        await life.pass_time(31)
        assert await codes(life) == expected
    assert len(await life.events("ServerUnwell")) == 2
    assert len(await life.events("ServerWell")) == 1
    assert len(world.target.delivered) == delivered


async def test_nothing_is_rotated_on_a_full_disk() -> None:
    world, health = MemoryWorld(), [WELL]
    world.example()
    life = life_with(world, health)
    await life.begin()
    await life.settle()
    before = dict(world.target.delivered)
    health.append(replace(WELL, free_bytes=5))
    await life.pass_time(31 * 86_400)
    assert world.target.delivered == before
    assert all(secret.ready and "no secret is worked on" in secret.message
               for secret in await life.app.secrets())  # fmt: skip
    health.append(WELL)
    await life.pass_time(600)
    assert world.target.delivered != before


async def test_a_server_of_an_earlier_version_and_a_finished_restore_are_told_once() -> None:
    world = MemoryWorld()
    world.example()
    life = life_with(world, [replace(WELL, lacks_rights=True, was_restored=True)])
    await life.begin()
    await life.settle()
    await life.pass_time(31)
    assert await codes(life) == ["secrets/server-outdated"]
    assert len(await life.events("RestoreFinished")) == 1
