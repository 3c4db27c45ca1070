"""Stores artifacts for ever, and says each one's address when it is stored."""

import asyncio
import random
import sys
from pathlib import Path

from controller.adapters.artifacts.disk import DiskArtifacts
from controller.adapters.clock.system import SystemClock


async def main(root: Path, seed: int) -> None:
    artifacts = DiskArtifacts(root, SystemClock().now)
    source = random.Random(seed)
    while True:
        content = source.randbytes(source.choice([10, 10_000, 2_000_000]))
        print(await artifacts.put(content), flush=True)


asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
