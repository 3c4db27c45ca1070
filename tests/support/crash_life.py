"""One life of a controller as a process of its own, to be killed from outside."""

import asyncio
import sys
from pathlib import Path

from tests.support.crash_world import CrashWorld


async def main() -> None:
    crash = CrashWorld(Path(sys.argv[1]), sys.argv[2])
    await crash.heal(await crash.live())


if __name__ == "__main__":
    asyncio.run(main())
