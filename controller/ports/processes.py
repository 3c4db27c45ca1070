"""Processes of this machine that an earlier life of the controller may have left working."""

from typing import Protocol

from controller.ports.engine import EngineProcess


class Processes(Protocol):
    """Tells whether a process is still the one that was recorded."""

    async def wait_gone(self, process: EngineProcess, *, seconds: float) -> bool:
        """Wait until exactly this process (pid and start time) has ended; False when it has not.

        It is never killed: an engine that lost its controller ends by itself after its step.
        """
