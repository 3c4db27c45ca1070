"""What each worker of a run told of its share, and what all of them make together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from controller.adapters.load_generator.lateness import latest
from controller.adapters.load_generator.machine import busiest
from controller.adapters.load_generator.recording import Recorder


@dataclass
class Share:
    """A worker that said hello, and what came of it."""

    place: int
    who: dict[str, Any]
    heard: float
    is_ready: bool = False
    result: dict[str, Any] | None = None

    @property
    def machine(self) -> str:
        """The host that it runs on."""
        return str(self.who["machine"])


def added_up(shares: Iterable[Share], steady: float, clock_jump: float) -> dict[str, Any]:
    """Add histograms and counts; of what makes a run valid, take the worst."""
    workers = sorted(shares, key=lambda share: share.place)
    results = [worker.result for worker in workers if worker.result is not None]
    recorder = Recorder(1.0)
    for result in results:
        recorder.add(result["recorder"])
    seconds = max((r["seconds"] for r in results), default=steady)
    jumps = [clock_jump, *(r["clock_jump"] for r in results)]
    return {
        **recorder.result(),
        **latest(results),
        **busiest(results),
        "seconds": seconds,
        "cpu": max((r["cpu"] for r in results), default=0.0),
        "clock_jump": max(jumps, key=abs),
        "workers": [_told_of(worker, seconds) for worker in workers],
    }


def said_by_scripts(shares: Sequence[Share]) -> str:
    """Give what a script has against its run; empty when none has."""
    said = (share.result["script_says"] for share in shares if share.result is not None)
    return next((text for text in said if text), "")


def _told_of(share: Share, seconds: float) -> dict[str, Any]:
    """Say what a worker did of its share of the whole time, however long it worked."""
    result, who = share.result, share.who
    total = Recorder(1.0)
    if result is not None:
        total.add(result["recorder"])
    counted = total.result()["total"]
    return {
        "machine": share.machine,
        "system": str(who["system"]),
        "processor": str(who["processor"]),
        "cores": int(who["cores"]),
        "wanted": result["wanted"] * seconds if result else 0.0,
        "made": counted["requests"] + counted["omitted"],
        "cpu": result["cpu"] if result else 0.0,
        "lag": result["lag_p95"] if result else 0.0,
    }
