import random
from pathlib import Path

import pytest

from controller.adapters.ledger.sqlite import SqliteLedger
from tests.contract.ledger.killing import acknowledged_until_killed

PROGRAM = Path(__file__).with_name("crash_program.py")


@pytest.mark.slow
async def test_nothing_that_was_acknowledged_is_lost_when_the_writer_is_killed(tmp_path: Path):
    path = tmp_path / "ledger.db"
    source = random.Random(1)
    for _ in range(6):
        lines = acknowledged_until_killed(PROGRAM, str(path), source=source)
        count, number, run = lines[-1].split()
        ledger = SqliteLedger.open(path)
        assert int(await ledger.fact("count") or 0) - int(count) in {0, 1}
        assert await ledger.verify_chain() is None
        last = (await ledger.events(limit=1))[0].number
        assert last - int(number) in {0, 1}
        found = {kept.id: kept for kept in await ledger.runs("unit:a", 3)}
        assert [step.step for step in found[run].steps] == ["plan"]
        assert len(await ledger.units()) in {min(7, int(number)), min(7, int(number) + 1)}
        for left in await ledger.open_runs():
            assert left.id in found
            await ledger.end_run(left.id, "interrupted", left.started_at)
        assert ledger.connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        await ledger.close()
