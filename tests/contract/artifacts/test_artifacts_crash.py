import random
from pathlib import Path

import pytest

from controller.adapters.artifacts.disk import DiskArtifacts
from controller.adapters.clock.system import SystemClock
from controller.model.names import Digest
from tests.contract.ledger.killing import acknowledged_until_killed

PROGRAM = Path(__file__).with_name("crash_program.py")


@pytest.mark.slow
async def test_what_was_acknowledged_is_whole_when_the_writer_is_killed(tmp_path: Path):
    source = random.Random(1)
    addresses: list[str] = []
    for seed in range(4):
        addresses += acknowledged_until_killed(PROGRAM, str(tmp_path), str(seed), source=source)
        artifacts = DiskArtifacts(tmp_path, SystemClock().now)
        for address in addresses:
            assert await artifacts.get(Digest(address)) is not None
    stored = [path for path in (tmp_path / "sha256").rglob("*") if path.is_file()]
    for path in stored:  # also what was not acknowledged is whole, or not there
        assert await artifacts.get(Digest(f"sha256:{path.parent.name}{path.name}")) is not None
