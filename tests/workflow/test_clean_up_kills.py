"""A clean-up that is killed at any instant leaves a thing there or gone, and takes nothing else."""

import random
from datetime import timedelta
from pathlib import Path

import pytest

from controller.adapters.workspaces.disk import tree_path
from controller.model.canonical import digest_of
from controller.model.names import Commit, Digest, StageName
from controller.model.status import StageStatus
from controller.workflows.clean_up import CONDEMNED, clean_up
from tests.contract.ledger.killing import acknowledged_until_killed
from tests.support.worlds import MemoryWorld
from tests.workflow.clean_up_program import DAYS, TREE, opened

PROGRAM = Path(__file__).with_name("clean_up_program.py")
KILLS = 3
HELD = digest_of("a tree that a workspace names")


async def needed_by_something(world: MemoryWorld, folder: Path) -> dict[Digest, str]:
    """Store what must stay: by a fact, by a stage, and a tree by a workspace."""
    forecast = await world.artifacts.put(b"forecast")
    await world.ledger.set_fact("forecast/shop/traffic", f'"{forecast}"')
    release = await world.artifacts.put(b"what a stage names")
    stage = StageStatus(StageName("shop", "dev"), Commit("a" * 40), release)
    await world.ledger.put_stage(stage)
    place = await world.workspaces.place_tree(HELD, TREE)
    unit = folder / "workspaces" / "units" / "shop" / "dev" / "api"
    unit.mkdir(parents=True)
    (unit / "main.tf.json").write_text(str(place))
    return {forecast: "forecasts", release: "stages"}


async def check(folder: Path, needed: dict[Digest, str]) -> None:
    """All that is needed opens; whatever is listed is whole."""
    world = opened(folder)
    assert await world.ledger.verify_chain() is None
    (word,) = world.ledger.connection.execute("PRAGMA integrity_check").fetchone()
    assert word == "ok"
    stored = {each.digest for each in await world.artifacts.stored()}
    assert needed.keys() <= stored
    for digest in stored:
        assert await world.artifacts.get(digest) is not None
    trees = list((folder / "workspaces" / "trees").glob("sha256-*"))
    assert tree_path(folder / "workspaces", HELD) in trees
    for tree in trees:
        assert {path.name for path in tree.iterdir()} == TREE.keys()
    await world.ledger.close()


@pytest.mark.slow
async def test_a_clean_up_that_is_killed_leaves_a_thing_there_or_gone(tmp_path: Path) -> None:
    world, source = opened(tmp_path), random.Random(2)
    needed = await needed_by_something(world, tmp_path)
    await world.ledger.close()
    for _ in range(KILLS):
        acknowledged_until_killed(PROGRAM, str(tmp_path), source=source)
        await check(tmp_path, needed)
    world = opened(tmp_path)
    world.clock.advance(timedelta(days=int(await world.ledger.fact(DAYS) or 0)).total_seconds())
    for _ in range(4):
        world.clock.advance(timedelta(days=2).total_seconds())
        await clean_up(world.start().parts)
    assert {each.digest for each in await world.artifacts.stored()} == needed.keys()
    assert await world.ledger.fact(CONDEMNED) == "{}"
    left = sorted(path.name for path in (tmp_path / "workspaces" / "trees").iterdir())
    assert left == [".placed", tree_path(Path(), HELD).name]
    assert len(await world.ledger.releases("shop", limit=1000)) == 20
    assert len(await world.ledger.facts("proof/")) == 20
    await world.ledger.close()
