"""What is known of a consumer, by a file that it writes or a signal that it gets."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.adapters.consumer.memory import MemoryConsumer
from controller.adapters.consumer.process import SignalledProcess
from controller.adapters.consumer.reader import AcknowledgingReader
from controller.diagnostics.errors import Stalled, Transient
from controller.model.names import SecretName

NAME = SecretName("shop", "dev", "key")


async def test_a_consumer_in_memory_has_what_a_test_says() -> None:
    consumer = MemoryConsumer("proxy", 2)
    assert [await consumer.has(NAME, generation) for generation in (1, 2, 3)] == [True, True, False]


async def test_a_reader_tells_by_the_digest_of_what_it_read(tmp_path: Path) -> None:
    file, note = tmp_path / "key", tmp_path / ".key.ack.proxy"
    reader = AcknowledgingReader("proxy", file)
    assert not await reader.has(NAME, 1)
    file.write_bytes(b"first\n")
    for words in ("", "1", "\0", hashlib.sha256(b"older\n").hexdigest()):
        note.write_text(words)
        assert not await reader.has(NAME, 1)
    note.write_text(hashlib.sha256(b"first\n").hexdigest() + "  key\n")
    assert await reader.has(NAME, 1)
    file.write_bytes(b"second\n")
    assert not await reader.has(NAME, 2)


@pytest.fixture
def process() -> Iterator["subprocess.Popen[bytes]"]:
    source = (
        "import signal, sys\n"
        "signal.signal(signal.SIGUSR1, lambda *_: sys.exit(7))\n"
        "print('ready', flush=True)\nwhile True: signal.pause()"
    )
    with subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == b"ready\n"
        yield running
        running.kill()


async def test_a_process_gets_its_signal(
    process: "subprocess.Popen[bytes]", tmp_path: Path
) -> None:
    file = tmp_path / "pid"
    consumer = SignalledProcess("proxy", file, "USR1")
    with pytest.raises(Transient, match="names no process"):
        await consumer.has(NAME, 1)
    file.write_text(f"{process.pid}\n")
    assert await consumer.has(NAME, 1)
    assert process.wait(30) == 7
    with pytest.raises(Transient, match="no process"):
        await consumer.has(NAME, 1)
    for pid in (0, 1, -1, os.getpid(), os.getppid()):
        file.write_text(str(pid))
        with pytest.raises(Stalled, match="no signal of ours"):
            await consumer.has(NAME, 1)
