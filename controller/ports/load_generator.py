"""What puts load on an environment."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from controller.model.measurement import Measurement


@dataclass(frozen=True)
class LoadOrder:
    """One run to be made: `script` is a Locust file's content, `environment` what it is told."""

    load_test: str
    script: bytes
    target: str
    users: int
    rate: float
    """Requests a second in total that the users are to make, whatever the target does."""
    warm_up: float
    """Seconds whose requests are not counted."""
    steady: float
    """Seconds that are counted."""
    environment: Mapping[str, str] = field(default_factory=dict)


OnLoadProgress = Callable[[float, float, float, int], None]
"""Called once a second: seconds since start, requests a second, p95 in ms, failures so far."""


class LoadGenerator(Protocol):
    """Runs load tests in processes of its own."""

    async def run(
        self, order: LoadOrder, *, on_progress: OnLoadProgress | None = None
    ) -> Measurement:
        """Make the run and give what was measured.

        Cancelling ends its processes. Raises Stalled when the script cannot be used, Transient when
        the generator broke off: neither is ever a measurement.
        """
