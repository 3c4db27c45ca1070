"""`trueup bench reconcile`: from a commit to what was applied, beside the plain command line."""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from controller.bench.report import Case, Report
from controller.bench.serving import Limits, Serving
from controller.bench.stopwatch import Took

CASES = ("aws", "aws-drift", "same-plans", "push", "no-change", "memory")
OF_AWS = frozenset({"aws", "aws-drift", "same-plans"})
GOAL = 0.30
OURS = "from the commit in Git to every unit ready, seen through the API"
PLAIN = "terraform init, plan -out, show -json, apply; unit after unit"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Wish:
    """What is measured."""

    cases: frozenset[str] = frozenset(CASES)
    units: int = 100
    plain_sample: int = 100
    engine: str = "embedded"
    limits: Limits = field(default_factory=Limits)


def bench_reconcile(wish: Wish, say: Say = lambda _text: None) -> Report:
    """Measure what is wished for. Raises Stalled, EngineRefused when something is missing."""
    from controller.bench.reconcile_aws import measure_aws
    from controller.bench.reconcile_builtin import measure_builtin

    cases: list[Case] = []
    if wish.cases & OF_AWS:
        cases += measure_aws(wish, say)
    if wish.cases - OF_AWS:
        cases += measure_builtin(wish, say)
    return Report("reconcile", tuple(cases))


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
