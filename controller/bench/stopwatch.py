"""How long something takes, and how much is computed meanwhile."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Took:
    """What it cost; seconds."""

    seconds: float
    cpu: float


def cpu_of_children() -> float:
    """Tell what our child processes have computed that have ended and were waited for."""
    times = os.times()
    return times.children_user + times.children_system


@dataclass
class Stopwatch:
    """Runs from the moment it is made."""

    cpu: Callable[[], float] = cpu_of_children
    _began: float = field(default_factory=time.perf_counter)
    _began_cpu: float = 0

    def __post_init__(self) -> None:
        """Begin."""
        self._began_cpu = self.cpu()

    def took(self) -> Took:
        """Tell what it cost until now."""
        return Took(time.perf_counter() - self._began, self.cpu() - self._began_cpu)
