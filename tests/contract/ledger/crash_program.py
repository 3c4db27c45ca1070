"""Writes to a ledger for ever, and says after each write what is written."""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

from controller.adapters.ledger.sqlite import SqliteLedger
from controller.model.event import Event, EventType
from controller.model.names import Commit, UnitName
from controller.model.status import JournalStep, StepState, UnitStatus

NOW = datetime(2030, 1, 1, tzinfo=UTC)


async def main(path: Path) -> None:
    ledger = SqliteLedger.open(path)
    count = int(await ledger.fact("count") or 0)
    while True:
        count += 1
        await ledger.set_fact("count", str(count))
        event = await ledger.append(Event(NOW, EventType.NORMAL, "Counted", "unit:a", str(count)))
        status = UnitStatus(UnitName("shop", "dev", f"u{count % 7}"), Commit("a" * 40))
        await ledger.put_unit(status)
        run = await ledger.begin_run("unit:a", "r", NOW)
        await ledger.write_step(JournalStep(run.id, "plan", StepState.DONE, NOW))
        print(count, event.number, run.id, flush=True)
        await ledger.end_run(run.id, "done", NOW)


asyncio.run(main(Path(sys.argv[1])))
