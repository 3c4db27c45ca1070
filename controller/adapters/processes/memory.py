"""Processes that a test says are there."""

from controller.ports.engine import EngineProcess


class MemoryProcesses:
    """Implements `Processes`; `alive` are those that never end."""

    def __init__(self) -> None:
        self.alive: set[EngineProcess] = set()

    async def wait_gone(self, process: EngineProcess, *, seconds: float) -> bool:
        """Tell at once."""
        del seconds
        return process not in self.alive
