"""One `bao server` process: how it is started, known again, and ended.

A server must not outlive its controller. On Linux the kernel ends it when the thread that started
it ends (so it is started from the main thread); elsewhere, and in the moments that leaves open, the
next controller finds it by the configuration file in its arguments and by what was recorded of it.
"""

import asyncio
import ctypes
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from controller.adapters.secret_store._private import private_opener, write_private
from controller.diagnostics.errors import StateLocked

PR_SET_PDEATHSIG = 1
STOP_SECONDS = 15.0
LOG_BYTES = 5_000_000
PAUSE_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Known:
    """A process that is known again for certain: a number alone is given to others later."""

    pid: int
    started: float

    @classmethod
    def of(cls, pid: int) -> "Known | None":
        """Look at a living process; None when there is none."""
        import psutil

        try:
            process = psutil.Process(pid)
            if process.status() == psutil.STATUS_ZOMBIE:
                return None
            return cls(pid, _started(pid, process.create_time))
        except psutil.Error:
            return None

    def lives(self) -> bool:
        """Tell whether exactly this process is still there."""
        return Known.of(self.pid) == self


def _started(pid: int, fallback: Callable[[], float]) -> float:
    """Ticks since boot where the kernel tells them: a clock that is set does not change those."""
    try:
        return float(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return fallback()


@dataclass(frozen=True, slots=True)
class Record:
    """What is kept of a server while it runs, beside its data."""

    server: Known
    controller: Known

    def write(self, path: Path) -> None:
        """Keep it, whole or not at all."""
        write_private(path, json.dumps(asdict(self)).encode())

    @classmethod
    def read(cls, path: Path) -> "Record | None":
        """Give what was kept; None when there is nothing or not ours."""
        try:
            kept = json.loads(path.read_text())
            return cls(Known(**kept["server"]), Known(**kept["controller"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None


def launch(binary: str, configuration: Path, folder: Path, log: Path) -> "subprocess.Popen[bytes]":
    """Start the server; it inherits no environment, and only its log."""
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.replace(log.with_suffix(".old"))
    with open(log, "ab", opener=private_opener) as output:
        return subprocess.Popen(
            [binary, "server", f"-config={configuration}"],
            cwd=folder,
            env={"PATH": os.defpath, "HOME": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a Ctrl-C of the terminal is the controller's to handle
            umask=0o077,
            preexec_fn=_bound_to(os.getpid()),  # noqa: PLW1509 - one system call, prepared before
        )


def _bound_to(parent: int) -> Callable[[], None] | None:
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None)

    def bind() -> None:
        library.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return bind


async def stop(process: "subprocess.Popen[bytes]") -> None:
    """End a server that we started: asked first, made to after a while."""
    if process.poll() is None:
        process.terminate()
    if not await _gone(lambda: process.poll() is not None, STOP_SECONDS):
        process.kill()
    await asyncio.to_thread(process.wait)


async def end_orphan(folder: Path, record: Path) -> None:
    """End what a dead controller left running on the data in `folder`.

    Ended is only the process that was recorded, runs with our configuration, and whose controller
    is gone; any other that uses the folder is waited for, and then left alone. Raises StateLocked.
    """
    if not await _gone(lambda: not _servers(folder), 0.0):
        kept = Record.read(record)
        orphan = kept.server if kept and not kept.controller.lives() else None
        if orphan is not None and orphan in _servers(folder):
            await _end(orphan)
        await _gone(lambda: not _servers(folder), STOP_SECONDS / 3)
    if left := _servers(folder):
        raise StateLocked.because(
            f"another secret server (process {left[0].pid}) uses `{folder}`",
            hint="end it, if no controller uses it any more",
            code="secrets/server-occupied",
        )
    record.unlink(missing_ok=True)


async def _end(orphan: Known) -> None:
    for sign, seconds in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, STOP_SECONDS)):
        if not orphan.lives():
            return
        os.kill(orphan.pid, sign)
        await _gone(lambda: not orphan.lives(), seconds)


def _servers(folder: Path) -> list[Known]:
    """Find the living servers whose configuration lies in `folder`."""
    import psutil

    beginning = f"-config={folder}{os.sep}"
    found = []
    for process in psutil.process_iter(["cmdline"]):
        arguments = process.info["cmdline"] or []
        if arguments[1:2] == ["server"] and any(part.startswith(beginning) for part in arguments):
            found.append(Known.of(process.pid))
    return [known for known in found if known is not None]


async def _gone(is_gone: Callable[[], bool], seconds: float) -> bool:
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while not is_gone():
        if loop.time() >= until:
            return False
        await asyncio.sleep(PAUSE_SECONDS)
    return True
