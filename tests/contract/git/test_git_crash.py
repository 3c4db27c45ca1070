import asyncio
import random
from collections.abc import Mapping
from pathlib import Path

import pytest

from controller.adapters.clock.memory import MemoryClock
from controller.adapters.git.gitpython import GitRepository
from controller.model.names import Commit
from tests.contract.git.conftest import POINTERS, Upstream
from tests.contract.ledger.killing import acknowledged_until_killed

PROGRAM = Path(__file__).with_name("crash_program.py")


@pytest.mark.slow
def test_pointers_and_mirror_outlive_a_writer_that_is_killed(upstream: Upstream, mirror: Path):
    source = random.Random(1)
    for number in range(5):
        commit = upstream.commit({f"{n}.yaml": f"{number} {n}\n" for n in range(50)})
        lines = acknowledged_until_killed(PROGRAM, upstream.url, str(mirror), source=source)
        read = asyncio.run(_reads(upstream, mirror, commit))
        # Only now: a push that outlived its controller has ended, for it held the mirror.
        history = dict(line.split() for line in upstream.log(POINTERS, "%H %s"))
        acknowledged = dict(reversed(line.split()) for line in lines)
        assert acknowledged.items() <= history.items()
        assert [int(text) for text in history.values()] == list(range(len(history), 0, -1))
        assert read == {"n.yaml": str(len(history))}
        upstream.run(upstream.origin, "fsck", "--strict", "--no-dangling")


async def _reads(upstream: Upstream, mirror: Path, commit: Commit) -> Mapping[str, str]:
    repository = GitRepository(upstream.url, "main", mirror, timeout=120.0)
    assert (await repository.fetch()).revision.commit == commit
    assert len((await repository.snapshot(commit)).files) == 50
    read = await repository.pointers(MemoryClock()).read()
    repository.close()
    return read
