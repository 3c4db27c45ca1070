"""Units that need no provider: many of them pushed, a commit that changes none, the memory."""

import statistics
from collections.abc import Sequence

from controller.bench import units
from controller.bench.plain import Plain, spread
from controller.bench.reconcile_world import OURS, PLAIN, Say, Wish, beside, world
from controller.bench.report import Case
from controller.bench.serving import Serving
from controller.bench.stopwatch import Stopwatch, Took

GOAL_NO_CHANGE = 2.0
GOAL_MEMORY_MIB = 250.0
PATIENCE, PER_UNIT = 120.0, 5.0
TURNS = 3


def measure_builtin(wish: Wish, say: Say) -> Sequence[Case]:
    """Push everything once, then make commits that change no unit."""
    cases, names = list[Case](), units.names(wish.units)
    with world(wish, None) as serving:
        serving.push({"README.md": "nothing yet"}, "an empty repository")
        serving.start()
        say(f"a push of {len(names)} units: ours")
        watch = Stopwatch(serving.cpu_seconds)
        at = serving.push(units.repository(wish.units, engine=wish.engine), "everything")
        serving.until_ready(at, len(names), PATIENCE + PER_UNIT * len(names))
        pushed = watch.took()
        if "push" in wish.cases:
            cases.append(_push(wish, serving, names, pushed, say))
        say(f"commits that change none of {len(names)} units")
        turns = [_touch(wish, serving, len(names), turn) for turn in range(TURNS)]
        if "no-change" in wish.cases:
            cases.append(_no_change(serving, len(names), turns))
        if "memory" in wish.cases:
            cases.append(_memory(serving, len(names), pushed))
    return cases


def _push(wish: Wish, serving: Serving, names: Sequence[str], ours: Took, say: Say) -> Case:
    plain = Plain.find(serving.place / "plain-home", None)
    chosen = spread(names, wish.plain_sample)
    say(f"a push of {len(names)} units: plain, {len(chosen)} of them")
    watch = Stopwatch()
    for name in chosen:
        root = plain.copy(serving.workspace(name), serving.place / "roots" / name, {})
        plain.reconcile(root)
    measured, factor = watch.took(), len(names) / len(chosen)
    words = PLAIN if factor == 1 else f"{PLAIN}; extrapolated from {len(chosen)} units"
    plain_cost = Took(measured.seconds * factor, measured.cpu * factor)
    return beside(
        "push, units without providers", len(names), ours, plain_cost, serving, {
            "ours": OURS,
            "plain": words,
            "plain_measured_units": len(chosen),
            "plain_measured_seconds": round(measured.seconds, 3),
        },
    )  # fmt: skip


def _touch(wish: Wish, serving: Serving, number: int, turn: int) -> Took:
    watch = Stopwatch(serving.cpu_seconds)
    at = serving.push(units.touched(wish.units, f"note {turn}"), f"note {turn}")
    serving.until_ready(at, number, PATIENCE)
    return watch.took()


def _no_change(serving: Serving, number: int, turns: Sequence[Took]) -> Case:
    seconds = statistics.median(turn.seconds for turn in turns)
    return Case(
        name="a commit that changes nothing",
        units=number,
        ours_seconds=seconds,
        plain_seconds=None,
        goal=f"≤ {GOAL_NO_CHANGE:g} s",
        is_met=seconds <= GOAL_NO_CHANGE,
        peak_rss_mib=serving.peak_rss_mib(),
        detail={
            "ours": "from the commit in Git to every stage verified at it; the repository is asked "
            "every 0.3 s",
            "each_seconds": [round(turn.seconds, 3) for turn in turns],
            "ours_cpu_seconds": round(statistics.median(turn.cpu for turn in turns), 3),
        },
    )


def _memory(serving: Serving, number: int, pushed: Took) -> Case:
    peak = serving.peak_rss_mib()
    return Case(
        name="memory of the controller",
        units=number,
        ours_seconds=pushed.seconds,
        plain_seconds=None,
        goal=f"≤ {GOAL_MEMORY_MIB:g} MiB",
        is_met=peak <= GOAL_MEMORY_MIB,
        peak_rss_mib=peak,
        detail={
            "ours": "the most that it has had, after the push and the commits; without workers",
            "workers_rss_mib": round(serving.workers_rss_mib()),
        },
    )
