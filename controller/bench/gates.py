"""`trueup bench gates`: faults that a gate must see, comparisons that it must let through.

Real Locust against a service of ours whose faults are switched on from outside. Mutations: each
must be blocked. A/A: a release against itself, over and over; few may be blocked. Power: one that
is a fifth slower at p95, as seen from outside; few may pass. Coordinated omission: what Locust says
of a service that freezes, what we say, and what an open loop measures.
"""

import asyncio
import contextlib
import math
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from statistics import NormalDist, median
from typing import Literal

from controller.adapters.load_generator.locust import LocustLoadGenerator
from controller.adapters.load_generator.machine import busy_share, machine_times
from controller.bench.gates_faults import MUTATIONS, Fault, Lab, Played
from controller.bench.gates_service import MEDIAN, SPREAD
from controller.bench.gates_truth import measure as measure_truth
from controller.bench.report import Case, Report, peak_rss_mib
from controller.model.measurement import GateRuling, Measurement
from controller.model.names import Digest
from controller.steps.gate import validity
from controller.steps.gate.baseline import LOOKED_BACK, Baseline, choose
from controller.steps.gate.judge import Question
from controller.steps.gate.objectives import Objective, value_of
from controller.steps.gate.settle import answer
from schemas.limits import read_limits

CASES = ("mutations", "aa", "power", "omission")
VOID, NO_ANSWER = "void", "no answer"
MOST_TRIES = 3
MOST_WAITING = 120.0
"""Seconds of a case in which a machine that has more to do than it can is given time to end that;
then it is measured as it is."""
LOOK = 0.5
SLOWER = 0.2
"""Of the p95 that is seen, the way to the service included."""
RELEASE = Digest("sha256:" + "0" * 64)
OBJECTIVES = (
    Objective("p95", read_limits(["<150ms", "<=+10%"])),
    Objective("errorRate", read_limits("<0.5%")),
)
Say = Callable[[str], None]


@dataclass(frozen=True)
class Wish:
    """What is to be measured."""

    cases: frozenset[str]
    comparisons: int = 50
    steady: float = 4.0
    runs: int = 3
    baseline: int = 5
    median: float = MEDIAN
    """Seconds of a healthy call in the middle."""


def bench_gates(wish: Wish, say: Say = lambda _text: None) -> Report:
    """Measure what is wished for."""
    return Report("gates", asyncio.run(_bench(wish, say)))


async def _bench(wish: Wish, say: Say) -> tuple[Case, ...]:
    found: list[Case] = []
    async with service(wish.median) as url:
        lab = Lab(url, LocustLoadGenerator(), wish.steady)
        if "omission" in wish.cases:
            found.append(await omission(lab, say))
        if "mutations" in wish.cases:
            await lab.faults()
            healthy = Baseline(await lab.runs(wish.baseline))
            found += await mutations(lab, say, Question("bench", OBJECTIVES, RELEASE, healthy))
        if "aa" in wish.cases:
            found.append(await same_release(lab, wish, say))
        if "power" in wish.cases:
            found.append(await slower_release(lab, wish, say))
    return tuple(found)


@asynccontextmanager
async def service(median: float = MEDIAN) -> AsyncIterator[str]:
    """Run the service in a process of its own; gives its address."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "controller.bench.gates_service", str(median)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None  # noqa: S101 - they are pipes, as asked for
    assert process.stdout is not None  # noqa: S101
    try:
        port = int(await process.stdout.readline())
        yield f"http://127.0.0.1:{port}"
    finally:
        process.stdin.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), 5)
        if process.returncode is None:
            process.kill()
            await process.wait()


async def mutations(
    lab: Lab, say: Say, question: Question, faults: Mapping[str, Fault] = MUTATIONS
) -> list[Case]:
    """Judge each fault."""
    found = []
    for name, fault in faults.items():
        began = time.perf_counter()
        ruling, said, proof = await _ask(lab, question, fault)
        say(f"{name}: {ruling}: {said} ({proof})")
        found.append(
            Case(
                f"mutation: {name}", 1, time.perf_counter() - began, None, "blocked",
                ruling not in {VOID, GateRuling.PASS, GateRuling.WARN}, peak_rss_mib(),
                {"ruling": ruling, "reason": said, "proof": proof},
            )
        )  # fmt: skip
        await lab.faults()
    return found


async def _ask(lab: Lab, question: Question, fault: Fault) -> tuple[str, str, str]:
    """Ask the gate as a controller does; no answer where the generator broke off.

    Gives what it says, why, and how it is known that the fault took place.
    """
    taken: list[Measurement] = []
    proof = ""
    while (result := answer(question, taken, runs=1)) is None:
        played = await _play(lab, fault)
        proof = played.proof
        if not proof:
            return VOID, "the fault did not take place", ""
        if played.measurement is None:
            return NO_ANSWER, played.error, proof
        taken.append(played.measurement)
        await lab.faults()
    return str(result.ruling), result.reasons[0], proof


async def _play(lab: Lab, fault: Fault) -> Played:
    played = await fault(lab)
    for _ in range(MOST_TRIES - 1):
        if not played.proof:
            played = await fault(lab)
    return played


async def same_release(lab: Lab, wish: Wish, say: Say) -> Case:
    """Compare a release with itself: each time the newest runs with those before them."""
    return await _repeated(
        lab, wish, say, "a release against itself", "at most 5 % blocked",
        lambda share: share <= 0.05,
    )  # fmt: skip


async def slower_release(lab: Lab, wish: Wish, say: Say) -> Case:
    """Compare a release that is a fifth slower with the one before: each time beside newer runs."""
    return await _repeated(
        lab, wish, say, f"a release that is {SLOWER:.0%} slower at p95", "at least 95 % blocked",
        lambda share: share >= 0.95, slower=SLOWER,
    )  # fmt: skip


async def _repeated(
    lab: Lab, wish: Wish, say: Say, name: str, goal: str, is_met: Callable[[float], bool],
    slower: float = 0.0,
) -> Case:  # fmt: skip
    """Ask a gate over and over, and count how often it blocks.

    The baseline moves on: by the runs themselves, or, where they are `slower`, by a healthy one.
    """
    await lab.faults()
    began = time.perf_counter()
    patience = MOST_WAITING - await _wait_for_peace(MOST_WAITING, say)
    kept = list(await lab.runs(wish.baseline))
    asked: list[Measurement] = []
    said: list[str] = []
    blocked = 0
    faults = {"slower": _slower_work(kept, slower, wish.median)} if slower else {}
    for number in range(wish.comparisons):
        patience -= await _wait_for_peace(patience, say)
        question = Question("bench", OBJECTIVES, RELEASE, _newest(kept, wish.baseline))
        taken: list[Measurement] = []
        await lab.faults(**faults)
        while (result := answer(question, taken, runs=wish.runs)) is None:
            taken.append(await lab.run())
        said.append(f"{number}: {result.ruling}: {result.reasons[0]}")
        blocked += not result.ruling.lets_through
        asked += taken
        if slower:
            await lab.faults()
            taken = [await lab.run()]
        kept += taken
        say(f"{name}: {number + 1} comparisons, {blocked} blocked")
    share = blocked / wish.comparisons
    p95s = {"kept": _p95s(kept), "asked": _p95s(asked)}
    runs = [*kept, *asked]
    detail = {
        **faults, "comparisons": wish.comparisons, "blocked": blocked, "share": round(share, 4),
        "p95_ms": p95s, "p95_median_ms": {of: median(found) for of, found in p95s.items()},
        "machine": {
            "waited_for_peace_seconds": round(MOST_WAITING - patience, 1),
            "runs": len(runs),
            "disturbed_runs": sum(bool(validity.disturbed(run)) for run in runs),
            "waited": {"kept": _shares(kept, "waited"), "asked": _shares(asked, "waited")},
            "stolen": {"kept": _shares(kept, "stolen"), "asked": _shares(asked, "stolen")},
        },
        "said": said,
    }  # fmt: skip
    seconds = time.perf_counter() - began
    return Case(name, wish.comparisons, seconds, None, goal, is_met(share), peak_rss_mib(), detail)


def _slower_work(healthy: Sequence[Measurement], slower: float, middle: float) -> float:
    """Give by how much the work has to be slower, so that what is seen at p95 is so much slower."""
    work = middle * math.exp(SPREAD * NormalDist().inv_cdf(0.95))
    return slower * median(_p95s(healthy)) / 1000 / work


def _newest(kept: Sequence[Measurement], wanted: int) -> Baseline:
    """Choose a baseline as a controller does."""
    newest_first = kept[::-1][: LOOKED_BACK * wanted]
    return Baseline(tuple(newest_first[place] for place in choose(newest_first, wanted)))


async def _wait_for_peace(patience: float, say: Say) -> float:
    """Wait while the machine has more to do than it can; gives for how many seconds."""
    waited = 0.0
    while waited < patience:
        before, looked = machine_times(), time.perf_counter()
        await asyncio.sleep(LOOK)
        seconds = time.perf_counter() - looked
        busy = busy_share(before, machine_times(), seconds)["waited"]
        if busy is None or busy < validity.MOST_WAITED:
            break
        if not waited:
            say(f"waits: something waited for a processor {busy:.0%} of the time")
        waited += seconds
    return waited


def _shares(runs: Sequence[Measurement], of: Literal["waited", "stolen"]) -> list[float | None]:
    found = [run.machine_waited if of == "waited" else run.machine_stolen for run in runs]
    return [None if share is None else round(share, 3) for share in found]


def _p95s(runs: Sequence[Measurement]) -> list[float]:
    return [round(value_of(OBJECTIVES[0], run) or 0.0, 2) for run in runs]


async def omission(lab: Lab, say: Say, *, seconds: float = 20.0, rate: float = 200.0) -> Case:
    """Measure a service that freezes for 2 s in every 10 s, in three ways."""
    faults = {"frozen": 2.0, "period": 10.0}
    await lab.faults(**faults)
    run = await lab.run(users=20, rate=rate, warm_up=0.5, steady=seconds)
    await lab.faults(**faults)
    truth = await measure_truth(lab.url, rate, seconds)
    raw, ours = run.total.raw, run.total.corrected
    off = abs(ours["p95"] / truth["p95"] - 1)
    say(f"p95: Locust {raw['p95']:.0f} ms, ours {ours['p95']:.0f} ms, truth {truth['p95']:.0f} ms")
    detail = {
        "locust_ms": dict(raw), "ours_ms": dict(ours), "truth_ms": truth, "off": round(off, 4),
        "locust_requests": run.total.requests, "omitted": run.total.omitted,
    }  # fmt: skip
    return Case(
        "p95 of a service that freezes (s; plain: Locust's own)", int(rate * seconds),
        ours["p95"] / 1000, raw["p95"] / 1000, "within 10 % of an open loop", off <= 0.1,
        peak_rss_mib(), detail,
    )  # fmt: skip
