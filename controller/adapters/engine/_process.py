"""Processes, named so that they cannot be mistaken for others."""

import psutil

from controller.ports.engine import EngineProcess


def identify(pid: int) -> EngineProcess:
    """Give a process with its start time; a process that is gone has started at 0."""
    try:
        return EngineProcess(pid=pid, started=psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:
        return EngineProcess(pid=pid, started=0.0)


def is_alive(process: EngineProcess) -> bool:
    """Tell whether exactly this process still runs, not another one with its number."""
    try:
        found = psutil.Process(process.pid)
        return found.create_time() == process.started and found.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
