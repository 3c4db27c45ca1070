"""Runs of load tests that are under way, for who looks on; gone with the process."""

from dataclasses import dataclass

from controller.ports.load_generator import LoadProgress


@dataclass(frozen=True)
class LiveRun:
    """A run that is under way."""

    stage: str
    gate: str
    key: str
    number: int
    """The how many-eth run of the gate's answer."""
    seconds: float
    """How long it takes in total."""
    progress: LoadProgress | None = None


LiveRuns = dict[str, LiveRun]
"""By stage and gate."""
