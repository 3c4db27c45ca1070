"""What the cases of `trueup bench reconcile` share: what is wished for, and the controller."""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from controller.bench.report import Case
from controller.bench.serving import Limits, Serving
from controller.bench.stopwatch import Took

CASES = ("aws", "aws-drift", "same-plans", "levers", "push", "no-change", "memory")
GOAL = 0.30
OURS = "from the commit in Git to every unit ready and every stage verified, seen through the API"
PLAIN = "terraform init, plan -out, show -json, apply; unit after unit"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Wish:
    """What is measured."""

    cases: frozenset[str] = frozenset(CASES)
    units: int = 100
    plain_sample: int = 100
    engine: str = "embedded"
    own_stacks: Path | None = None
    """Commits of modules and stacks that plans are compared of, in place of every case."""
    limits: Limits = field(default_factory=Limits)


@contextmanager
def world(wish: Wish, mirror: Path | None) -> Iterator[Serving]:
    """Give a controller in a folder of its own, not started yet."""
    with tempfile.TemporaryDirectory(prefix="trueup-bench-") as folder:
        serving = Serving(Path(folder).resolve(), wish.limits, mirror)
        try:
            yield serving
        finally:
            serving.stop()


def beside(
    name: str, units: int, ours: Took, plain: Took, serving: Serving, detail: Mapping[str, object]
) -> Case:
    """Give the case of both sides."""
    return Case(
        name=name,
        units=units,
        ours_seconds=ours.seconds,
        plain_seconds=plain.seconds,
        goal=f"ratio ≤ {GOAL:g}",
        is_met=ours.seconds <= GOAL * plain.seconds,
        peak_rss_mib=serving.peak_rss_mib(),
        detail={
            **detail,
            "ours_cpu_seconds": round(ours.cpu, 2),
            "plain_cpu_seconds": round(plain.cpu, 2),
            "workers_rss_mib": round(serving.workers_rss_mib()),
        },
    )
