"""What every adapter of `Processes` keeps."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from controller.adapters.engine._process import identify
from controller.adapters.processes.local import LocalProcesses
from controller.adapters.processes.memory import MemoryProcesses
from controller.ports.engine import EngineProcess
from controller.ports.processes import Processes

GONE = EngineProcess(pid=2**22 - 1, started=1.0)


class Made:
    """An adapter with a process that is alive."""

    def __init__(self, adapter: Processes, alive: EngineProcess, end) -> None:
        self.adapter, self.alive, self.end = adapter, alive, end


@pytest.fixture(params=["memory", "local"])
def made(request: pytest.FixtureRequest) -> Iterator[Made]:
    if request.param == "memory":
        memory = MemoryProcesses()
        alive = EngineProcess(7, 1.0)
        memory.alive.add(alive)
        yield Made(memory, alive, lambda: memory.alive.discard(alive))
        return
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    alive = identify(child.pid)

    def end() -> None:
        child.kill()

    yield Made(LocalProcesses(), alive, end)
    child.kill()
    child.communicate()


async def test_a_process_that_never_was_is_gone(made: Made) -> None:
    assert await made.adapter.wait_gone(GONE, seconds=0)


async def test_a_process_that_lives_is_not_gone_and_is_left_alone(made: Made) -> None:
    assert not await made.adapter.wait_gone(made.alive, seconds=0)
    assert not await made.adapter.wait_gone(made.alive, seconds=0)


async def test_another_process_with_the_same_number_is_not_mistaken(made: Made) -> None:
    other = EngineProcess(made.alive.pid, made.alive.started - 3600)
    assert await made.adapter.wait_gone(other, seconds=0)


async def test_after_a_reboot_every_process_is_another_one(made: Made) -> None:
    before = replace(made.alive, boot="another start of the machine")
    assert await made.adapter.wait_gone(before, seconds=0)


async def test_a_process_that_ended_is_gone_even_before_it_is_reaped(made: Made) -> None:
    made.end()
    assert await made.adapter.wait_gone(made.alive, seconds=5)
