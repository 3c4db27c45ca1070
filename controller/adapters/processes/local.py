"""Looks at processes by pid and start time."""

import asyncio
import os
from pathlib import Path

from controller.ports.engine import EngineProcess

LOOK_EVERY = 0.1
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class LocalProcesses:
    """Implements `Processes` with psutil."""

    async def wait_gone(self, process: EngineProcess, *, seconds: float) -> bool:
        """Wait until exactly this process has ended; it is never killed."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while _is_there(process):
            if loop.time() > until:
                return False
            await asyncio.sleep(LOOK_EVERY)
        return True


def _is_there(process: EngineProcess) -> bool:
    import psutil

    if _BOOT_ID.is_file():
        # By the kernel's own counting: times of day change when the clock is set.
        if process.boot not in ("", _BOOT_ID.read_text(encoding="ascii").strip()):
            return False
        try:
            stat = Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8", errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            return False
        state, *fields = stat.rpartition(")")[2].split()
        return state != "Z" and int(fields[18]) / os.sysconf("SC_CLK_TCK") == process.started
    try:
        found = psutil.Process(process.pid)
        is_it = found.create_time() == process.started
        return is_it and bool(found.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
