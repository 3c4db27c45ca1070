"""Wakes keys and works on them for ever, and says what was woken and what was done.

`again` keys come again for ever; `once` keys leave a file behind and are done.
"""

import asyncio
import sys
from datetime import datetime, timedelta
from pathlib import Path

from controller.adapters.clock.system import SystemClock
from controller.adapters.dispatcher.in_process import InProcessDispatcher
from controller.adapters.dispatcher.sqlite import SqliteWakeups
from controller.adapters.ledger.sqlite import SqliteLedger


async def main(folder: Path, part: str) -> None:
    clock = SystemClock()
    ledger = SqliteLedger.open(folder / "ledger.db")
    dispatcher = InProcessDispatcher(
        SqliteWakeups(ledger.connection), clock, lanes={"again": 3, "once": 2}
    )

    async def handler(key: str) -> datetime | None:
        await asyncio.sleep(0.002)
        if key.startswith("once:"):
            (folder / "done" / key.removeprefix("once:")).touch()
            return None
        return clock.now() + timedelta(milliseconds=5)

    async def waker() -> None:
        for number in range(5):
            await dispatcher.wake(f"again:{number}")
        for number in range(10**9):
            await dispatcher.wake(f"once:{part}-{number}")
            print(f"{part}-{number}", flush=True)
            await asyncio.sleep(0.001)

    async with asyncio.TaskGroup() as group:
        group.create_task(dispatcher.run(handler))
        group.create_task(waker())


asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
