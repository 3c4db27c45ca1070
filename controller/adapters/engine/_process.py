"""Processes, named so that they cannot be mistaken for others, however the clock is set."""

import os
from functools import cache
from pathlib import Path

import psutil

from controller.ports.engine import EngineProcess

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def identify(pid: int) -> EngineProcess:
    """Give a process with its start; a process that is gone has started at 0."""
    return EngineProcess(pid=pid, started=started(pid) or 0.0, boot=boot())


def is_alive(process: EngineProcess) -> bool:
    """Tell whether exactly this process still runs, not another one with its number."""
    if process.boot and process.boot != boot():
        return False
    try:
        is_it = started(process.pid) == process.started
        return is_it and psutil.Process(process.pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def started(pid: int) -> float | None:
    """Tell when a process started, in seconds since the machine did: no clock can change that."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        return int(stat.rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
    except FileNotFoundError:
        if _BOOT_ID.is_file():
            return None
    except (ProcessLookupError, IndexError, ValueError):
        return None
    try:  # no Linux: the time that the system tells
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return None


@cache
def boot() -> str:
    """Name this start of the machine."""
    if _BOOT_ID.is_file():
        return _BOOT_ID.read_text(encoding="ascii").strip()
    return str(int(psutil.boot_time()))
