"""Looks at processes by pid and start time."""

import asyncio

from controller.ports.engine import EngineProcess

LOOK_EVERY = 0.1
START_TIME_TOLERANCE = 0.05
"""Seconds; the kernel counts start times in hundredths."""


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

    try:
        found = psutil.Process(process.pid)
        if abs(found.create_time() - process.started) > START_TIME_TOLERANCE:
            return False
        return bool(found.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
