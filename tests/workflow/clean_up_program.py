"""Makes what nobody needs and takes it away again, for ever, and says before which of both."""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

from controller.adapters.artifacts.disk import DiskArtifacts
from controller.adapters.ledger.sqlite import SqliteLedger
from controller.adapters.workspaces.disk import DiskWorkspaces
from controller.model.canonical import digest_of
from controller.model.names import Commit
from controller.model.release import Release
from controller.model.retention import Retention
from controller.workflows.clean_up import clean_up
from tests.support.worlds import MemoryWorld

TREE = {f"{number}.txt": b"text" for number in range(8)}
KEEP = Retention(
    events=timedelta(days=3), events_newest=2, releases=20, unreferenced=timedelta(days=1)
)
DAYS = "days"
"""The fact that tells how far the clock has come."""


def opened(folder: Path) -> MemoryWorld:
    """A world whose ledger, artifacts and workspaces lie in a folder."""
    world = MemoryWorld(retention=KEEP)
    world.ledger = SqliteLedger.open(folder / "ledger.db")
    world.artifacts = DiskArtifacts(folder / "artifacts", world.clock.now)
    world.workspaces = DiskWorkspaces(folder / "workspaces")
    return world


async def litter(world: MemoryWorld, day: int) -> None:
    """Leave things of every kind that go."""
    parts = world.start().parts
    for number in range(12):
        await world.artifacts.put(f"{day} {number}".encode())
        await parts.recording.event(f"unit:shop/dev/{number % 3}", "Applied", str(number))
        made = digest_of(f"release {day} {number}")
        await world.ledger.set_fact(f"proof/shop/dev/{made}", "{}")
        await world.ledger.put_release(Release("shop", Commit("a" * 40), made))
    for number in range(4):
        await world.workspaces.place_tree(digest_of(f"tree {day} {number}"), TREE)


async def main(folder: Path) -> None:
    world = opened(folder)
    day = int(await world.ledger.fact(DAYS) or 0)
    while True:
        day += 2
        await world.ledger.set_fact(DAYS, str(day))
        world.clock.advance(timedelta(days=2).total_seconds())
        await litter(world, day)
        print("littered", flush=True)
        await clean_up(world.start().parts)
        print("cleaned", flush=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
