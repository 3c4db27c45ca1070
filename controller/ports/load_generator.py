"""What puts load on an environment."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from controller.model.measurement import Measurement


@dataclass(frozen=True, slots=True)
class LoadStage:
    """So many arrivals a second, for so many seconds."""

    rate: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Abort:
    """When a run is ended before its time: so large a share of errors, for so many seconds."""

    error_rate: float
    seconds: float


@dataclass(frozen=True)
class LoadOrder:
    """One run to be made: `script` is a Locust file's content, `environment` what it is told."""

    load_test: str
    script: bytes
    target: str
    users: int
    """How many are simulated; where arrivals count, how many there may be at a time."""
    rate: float
    """Requests a second in total that the users are to make, whatever the target does."""
    warm_up: float
    """Seconds whose requests are not counted."""
    steady: float
    """Seconds that are counted."""
    environment: Mapping[str, str] = field(default_factory=dict)
    key: str = ""
    """Names the run: who orders it again, in a new life too, gets the same run and no second one.

    Empty: the run ends with who ordered it.
    """
    is_open: bool = False
    """Arrivals count: a task begins when it is due, however many are under way."""
    stages: tuple[LoadStage, ...] = ()
    """The steady part, where its rate changes; the seconds add up to `steady`."""
    mix: Mapping[str, float] = field(default_factory=dict)
    """Weights of the script's user classes, by their names; those that are not named are out."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """What the script finds beside itself, by path."""
    abort: Abort | None = None
    most_requests: int | None = None
    workers: int = 1
    """Processes that share the load: each takes an equal part of the users, or of the arrivals."""
    are_elsewhere: bool = False
    """The workers are started by somebody else, here or on other machines, and come by themselves.

    A worker that does not come, or is lost, makes the measurement an invalid one.
    """


@dataclass(frozen=True, slots=True)
class LoadProgress:
    """One second of a run: latencies in milliseconds, failures since its begin."""

    seconds: float
    """Since the begin of the warm-up."""
    rate: float
    p50: float
    p95: float
    p99: float
    failures: int


OnLoadProgress = Callable[[LoadProgress], None]
"""Called once a second."""


class LoadGenerator(Protocol):
    """Runs load tests in processes of its own."""

    async def run(
        self, order: LoadOrder, *, on_progress: OnLoadProgress | None = None
    ) -> Measurement:
        """Make the run, or take up the one of this key, and give what was measured.

        Cancelling ends its processes, but those of a run with a key: that goes on, and is waited
        for when it is ordered again. Raises Stalled when the script cannot be used or somebody
        cancelled the run, Transient when the generator broke off: neither is ever a measurement.
        """

    async def cancel(self, key: str) -> bool:
        """End the run of a key; tells whether there was one."""

    async def forget(self, key: str) -> None:
        """Drop what is kept of a run that is over; its key may be used anew."""
