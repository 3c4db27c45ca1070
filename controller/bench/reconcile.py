"""`trueup bench reconcile`: from a commit to what was applied, beside the plain command line."""

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from controller.bench import aws, units
from controller.bench.plain import Plain, spread
from controller.bench.report import Case, Report
from controller.bench.serving import Limits, Serving
from controller.bench.same_plans import compare

CASES = ("aws", "aws-drift", "same-plans", "push", "no-change", "memory")
OF_AWS = frozenset({"aws", "aws-drift", "same-plans"})
GOAL = 0.30
GOAL_NO_CHANGE = 2.0
GOAL_MEMORY_MIB = 250.0
PATIENCE = 600.0
PER_UNIT = 5.0
"""Seconds that a unit may take before the benchmark gives up."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Wish:
    """What is measured."""

    cases: frozenset[str] = frozenset(CASES)
    units: int = 100
    plain_sample: int = 50
    engine: str = "embedded"
    limits: Limits = field(default_factory=Limits)


def bench_reconcile(wish: Wish, say: Say = lambda _text: None) -> Report:
    """Measure the cases that are wished for. Raises Stalled when something for them is missing."""
    cases: list[Case] = []
    if wish.cases & OF_AWS:
        cases += _aws(wish, say)
    if wish.cases - OF_AWS:
        cases += _builtin(wish, say)
    return Report("reconcile", tuple(cases))


@contextmanager
def _world(wish: Wish, mirror: Path | None) -> Iterator[Serving]:
    with tempfile.TemporaryDirectory(prefix="trueup-bench-") as folder:
        serving = Serving(Path(folder).resolve(), wish.limits, mirror)
        try:
            yield serving
        finally:
            serving.stop()


@dataclass(frozen=True, slots=True)
class Took:
    """What one commit cost."""

    seconds: float
    cpu: float


def _commit(serving: Serving, files: Mapping[str, str], message: str, number: int) -> Took:
    began, began_cpu = time.perf_counter(), serving.cpu_seconds()
    at = serving.push(files, message)
    serving.until_ready(at, number, PATIENCE + PER_UNIT * number)
    return Took(time.perf_counter() - began, serving.cpu_seconds() - began_cpu)


def _aws(wish: Wish, say: Say) -> Sequence[Case]:
    mirror, cases = aws.find_mirror(), []
    with _world(wish, mirror) as serving:
        place, names = serving.place, aws.names()
        plain = Plain.find(place / "plain-home", mirror)
        ours, theirs = place / "ours" / "config", place / "theirs" / "config"
        with aws.moto(ours), aws.moto(theirs):
            # A controller has run for a while when somebody pushes; its workers are cold all the
            # same, because no unit of theirs has been seen.
            serving.push(_platform_only(ours, wish.engine), "an empty platform")
            serving.start()
            replaced = {str(ours): str(theirs)}
            for name, note in (("first commit", "one"), ("next commit", "two")):
                say(f"{name} of {len(names)} units of AWS: ours")
                files = aws.repository(ours, note=note, engine=wish.engine)
                took = _commit(serving, files, name, len(names))
                say(f"{name}: plain, one unit after another")
                seconds, directories = 0.0, []
                for unit in names:
                    directory = plain.copy(serving.workspace(unit), place / "roots" / unit, replaced)
                    directories.append(directory)
                    seconds += plain.reconcile(directory)
                if "aws" in wish.cases:
                    cases.append(_ratio(f"aws, {name}", len(names), took, seconds, serving, {
                        "plain": "terraform init, plan -out, show -json, apply; unit after unit",
                        "ours": "commit in Git to every unit ready, seen through the API",
                    }))
            if "aws-drift" in wish.cases:
                say("a look for drift at every unit")
                cases.append(_drift(serving, names, plain, directories))
            if "same-plans" in wish.cases:
                say("the same plans by the fast path and by the plain command line")
                cases.append(compare(serving, plain, names, ours))
    return cases


def _platform_only(config: Path, engine: str) -> Mapping[str, str]:
    everything = aws.repository(config, note="", engine=engine)
    return {path: text for path, text in everything.items() if "/place-" not in path}


def _ratio(
    name: str, number: int, ours: Took, plain: float, serving: Serving, detail: dict[str, object]
) -> Case:
    return Case(
        name=name, units=number, ours_seconds=ours.seconds, plain_seconds=plain,
        goal=f"ratio ≤ {GOAL:g}", is_met=ours.seconds <= GOAL * plain,
        peak_rss_mib=serving.peak_rss_mib(),
        detail={
            **detail, "ours_cpu_seconds": round(ours.cpu, 2),
            "workers_rss_mib": round(serving.workers_rss_mib()),
        },
    )  # fmt: skip


def _drift(
    serving: Serving, names: Sequence[str], plain: Plain, directories: Sequence[Path]
) -> Case:
    asked = datetime.now(UTC)
    began, began_cpu = time.perf_counter(), serving.cpu_seconds()
    for name in names:
        serving.look_for_drift(name)
    serving.until_looked_at(asked, len(names), PATIENCE)
    took = Took(time.perf_counter() - began, serving.cpu_seconds() - began_cpu)
    drifted = [unit["name"] for unit in serving.units() if unit["drift"]]
    seconds = sum(plain.look_for_drift(directory) for directory in directories)
    detail: dict[str, object] = {
        "plain": "terraform plan -refresh-only; unit after unit", "false_drift": drifted,
    }  # fmt: skip
    return _ratio("aws, a look for drift", len(names), took, seconds, serving, detail)


def _builtin(wish: Wish, say: Say) -> Sequence[Case]:
    cases: list[Case] = []
    with _world(wish, None) as serving:
        names = units.names(wish.units)
        serving.push({"README.md": "nothing yet"}, "an empty repository")
        serving.start()
        say(f"push of {len(names)} units: ours")
        files = units.repository(wish.units, engine=wish.engine)
        took = _commit(serving, files, "everything", len(names))
        if "push" in wish.cases:
            cases.append(_push(wish, serving, names, took, say))
        say(f"a commit that changes none of {len(names)} units")
        quiet = [
            _commit(serving, units.touched(wish.units, f"note {turn}"), f"note {turn}", len(names))
            for turn in range(3)
        ]
        best = sorted(quiet, key=lambda each: each.seconds)[1]
        peak = serving.peak_rss_mib()
        if "no-change" in wish.cases:
            cases.append(Case(
                name="a commit that changes nothing", units=len(names), ours_seconds=best.seconds,
                plain_seconds=None, goal=f"≤ {GOAL_NO_CHANGE:g} s",
                is_met=best.seconds <= GOAL_NO_CHANGE, peak_rss_mib=peak,
                detail={
                    "each_seconds": [round(each.seconds, 3) for each in quiet],
                    "ours_cpu_seconds": round(best.cpu, 3),
                    "ours": "the median of three; the repository is looked at every 0.3 s",
                },
            ))
        if "memory" in wish.cases:
            cases.append(Case(
                name="memory of the controller", units=len(names), ours_seconds=took.seconds,
                plain_seconds=None, goal=f"≤ {GOAL_MEMORY_MIB:g} MiB",
                is_met=peak <= GOAL_MEMORY_MIB, peak_rss_mib=peak,
                detail={"workers_rss_mib": round(serving.workers_rss_mib())},
            ))
    return cases


def _push(wish: Wish, serving: Serving, names: Sequence[str], took: Took, say: Say) -> Case:
    plain = Plain.find(serving.place / "plain-home", None)
    chosen = spread(names, wish.plain_sample)
    say(f"plain: {len(chosen)} of {len(names)} units, one after another")
    measured = sum(
        plain.reconcile(plain.copy(serving.workspace(name), serving.place / "roots" / name, {}))
        for name in chosen
    )
    seconds = measured * len(names) / len(chosen)
    sampled = "" if len(chosen) == len(names) else (
        f"; {len(chosen)} units were measured ({measured:.1f} s), the rest is extrapolated"
    )
    return _ratio("push, units without providers", len(names), took, seconds, serving, {
        "plain": f"terraform init, plan -out, show -json, apply; unit after unit{sampled}",
        "plain_measured_units": len(chosen),
        "plain_measured_seconds": round(measured, 3),
        "ours": "commit in Git to every unit ready, seen through the API",
    })
