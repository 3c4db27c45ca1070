"""Fetches and moves pointers for ever, and says each commit when it is pushed."""

import asyncio
import sys
from pathlib import Path

from controller.adapters.clock.memory import MemoryClock
from controller.adapters.git.gitpython import GitRepository


async def main(url: str, mirror: Path) -> None:
    repository = GitRepository(url, "main", mirror, timeout=120.0)
    pointers = repository.pointers(MemoryClock())
    current = (await pointers.read()).get("n.yaml")
    while True:
        head = await repository.fetch()
        await repository.snapshot(head.revision.commit)
        wanted = str(int(current or 0) + 1)
        commit = await pointers.write(
            {"n.yaml": wanted}, message=wanted, expect={"n.yaml": current}
        )
        current = wanted
        print(wanted, commit, flush=True)


asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
