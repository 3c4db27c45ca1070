import random
from pathlib import Path

import pytest

from controller.adapters.clock.system import SystemClock
from controller.adapters.dispatcher.in_process import InProcessDispatcher
from controller.adapters.dispatcher.sqlite import SqliteWakeups
from controller.adapters.ledger.sqlite import SqliteLedger
from tests.contract.ledger.killing import acknowledged_until_killed

PROGRAM = Path(__file__).with_name("crash_program.py")


@pytest.mark.slow
async def test_no_key_is_lost_when_the_dispatcher_is_killed(tmp_path: Path):
    source = random.Random(1)
    (tmp_path / "done").mkdir()
    woken: set[str] = set()
    for part in range(5):
        woken |= set(acknowledged_until_killed(PROGRAM, str(tmp_path), str(part), source=source))
        ledger = SqliteLedger.open(tmp_path / "ledger.db")
        wakeups = SqliteWakeups(ledger.connection)
        left = {w.key for w in await InProcessDispatcher(wakeups, SystemClock()).pending()}
        await ledger.close()
        done = {path.name for path in (tmp_path / "done").iterdir()}
        assert {f"again:{number}" for number in range(5)} <= left
        assert woken <= done | {key.removeprefix("once:") for key in left}
    assert done
