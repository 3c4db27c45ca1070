"""`trueup bench gates`: faults that a gate must see, comparisons that it must let through.

Real Locust against a service of ours whose faults are switched on from outside. Mutations: each
must be blocked. A/A: a release against itself, over and over; few may be blocked. Coordinated
omission: what Locust says of a service that freezes, what we say, and what an open loop measures.
"""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

import httpx
import psutil

from controller.adapters.load_generator.locust import RUNNER, LocustLoadGenerator
from controller.bench.gates_truth import measure as measure_truth
from controller.bench.report import Case, Report, peak_rss_mib
from controller.diagnostics.errors import TrueupError
from controller.model.measurement import GateResult, Measurement
from controller.model.names import Digest
from controller.ports.load_generator import LoadOrder
from controller.steps.gate.baseline import Baseline
from controller.steps.gate.judge import Question
from controller.steps.gate.objectives import Objective, value_of
from controller.steps.gate.settle import answer
from schemas.limits import read_limits

CASES = ("mutations", "aa", "omission")
RELEASE = Digest("sha256:" + "0" * 64)
USERS, RATE = 8, 120.0
OBJECTIVES = (
    Objective("p95", read_limits(["<150ms", "<=+10%"])),
    Objective("errorRate", read_limits("<0.5%")),
)
SCRIPT = b"""
from locust import FastHttpUser, constant_throughput, task
import os

class Visitor(FastHttpUser):
    wait_time = constant_throughput(float(os.environ["TRUEUP_LOAD_RATE_PER_USER"]))

    @task
    def look(self):
        with self.client.get("/", catch_response=True) as answer:
            if answer.status_code == 200 and "shop" not in answer.text:
                answer.failure("this is not the shop")
"""
LAZY = SCRIPT.replace(b"def look(self):", b"def look(self):\n        return")
JUMPING = (
    SCRIPT
    + b"""
import threading, time
def jump(real=time.time):
    time.time = lambda: real() + 3600
threading.Timer(2.5, jump).start()
"""
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


@dataclass
class Lab:
    """The service, and a generator that loads it."""

    url: str
    wish: Wish
    generator: LocustLoadGenerator

    async def faults(self, **faults: object) -> None:
        """Switch faults on; those that are not named are off."""
        async with httpx.AsyncClient(trust_env=False) as client:
            (await client.put(f"{self.url}/faults", json=faults)).raise_for_status()

    def order(self, **changes: Any) -> LoadOrder:
        """One run."""
        made = LoadOrder("bench", SCRIPT, self.url, USERS, RATE, 1.0, self.wish.steady)
        return replace(made, **changes)

    async def run(self, **changes: Any) -> Measurement:
        """Make one run."""
        return await self.generator.run(self.order(**changes))

    async def runs(self, number: int) -> tuple[Measurement, ...]:
        """Make runs, one after the other."""
        return tuple([await self.run() for _ in range(number)])


def bench_gates(wish: Wish, say: Say = lambda _text: None) -> Report:
    """Measure what is wished for."""
    return Report("gates", asyncio.run(_bench(wish, say)))


async def _bench(wish: Wish, say: Say) -> tuple[Case, ...]:
    found: list[Case] = []
    async with service() as url:
        lab = Lab(url, wish, LocustLoadGenerator())
        if "omission" in wish.cases:
            found.append(await omission(lab, say))
        if "mutations" in wish.cases:
            found += await mutations(lab, say)
        if "aa" in wish.cases:
            found.append(await same_release(lab, say))
    return tuple(found)


@asynccontextmanager
async def service() -> AsyncIterator[str]:
    """Run the service in a process of its own; gives its address."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "controller.bench.gates_service"),
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


Fault = Callable[[Lab], Awaitable[Measurement]]


def _with(**faults: object) -> Fault:
    async def run(lab: Lab) -> Measurement:
        await lab.faults(**faults)
        return await lab.run()

    return run


async def _killed(lab: Lab) -> Measurement:
    """Kill the generator in the middle of its run."""
    run = asyncio.ensure_future(lab.run())
    await asyncio.sleep(2.0)
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.Error):
            if RUNNER in child.cmdline():
                os.kill(child.pid, signal.SIGKILL)
    return await run


async def _paused(lab: Lab) -> Measurement:
    """Stop the generator for a while, as a machine does that is suspended."""
    run = asyncio.ensure_future(lab.run())
    await asyncio.sleep(2.5)
    found = [c for c in psutil.Process().children() if RUNNER in c.cmdline()]
    for child in found:
        child.suspend()
    await asyncio.sleep(1.5)
    for child in found:
        child.resume()
    return await run


MUTATIONS: Mapping[str, Fault] = {
    "50 ms more in a tenth of the calls": _with(slow_share=0.1),
    "frozen a fifth of the time": _with(frozen=0.6, period=3.0),
    "a leak: slower each second": _with(leak=0.004),
    "one call in a hundred fails": _with(fails_every=100),
    "another product answers": _with(other=True),
    "nobody answers": lambda lab: lab.run(target="http://127.0.0.1:9"),
    "the generator is killed": _killed,
    "no request is made": lambda lab: lab.run(script=LAZY),
    "the clock jumps": lambda lab: lab.run(script=JUMPING),
    "the machine is suspended": _paused,
}


async def mutations(lab: Lab, say: Say, names: frozenset[str] | None = None) -> list[Case]:
    """Judge each fault against a healthy baseline."""
    await lab.faults()
    question = Question("bench", OBJECTIVES, RELEASE, Baseline(await lab.runs(lab.wish.baseline)))
    found = []
    for name, fault in MUTATIONS.items():
        if names is not None and name not in names:
            continue
        began = time.perf_counter()
        result, said = await _ask(lab, question, fault)
        is_blocked = result is None or not result.ruling.lets_through
        ruling = str(result.ruling) if result else "no answer"
        say(f"{name}: {ruling}: {said}")
        found.append(
            Case(
                f"mutation: {name}", 1, time.perf_counter() - began, None, "blocked", is_blocked,
                peak_rss_mib(), {"ruling": ruling, "reason": said},
            )
        )  # fmt: skip
        await lab.faults()
    return found


async def _ask(lab: Lab, question: Question, fault: Fault) -> tuple[GateResult | None, str]:
    """Ask the gate as a controller does; no answer where the generator broke off."""
    taken: list[Measurement] = []
    while (result := answer(question, taken, runs=1)) is None:
        try:
            taken.append(await fault(lab))
        except TrueupError as error:
            return None, str(error)
        await lab.faults()
    return result, result.reasons[0]


async def same_release(lab: Lab, say: Say) -> Case:
    """Compare a release with itself: each time the newest runs with those before them."""
    await lab.faults()
    began, wish = time.perf_counter(), lab.wish
    kept = list(await lab.runs(wish.baseline))
    blocked: list[str] = []
    for number in range(wish.comparisons):
        question = Question("bench", OBJECTIVES, RELEASE, Baseline(tuple(kept[-wish.baseline :])))
        taken: list[Measurement] = []
        while (result := answer(question, taken, runs=wish.runs)) is None:
            taken.append(await lab.run())
        if not result.ruling.lets_through:
            blocked.append(f"{number}: {result.ruling}: {result.reasons[0]}")
        kept += taken
        say(f"{number + 1} comparisons, {len(blocked)} blocked")
    share = len(blocked) / wish.comparisons
    p95s = [value_of(OBJECTIVES[0], run) or 0.0 for run in kept]
    detail = {
        "comparisons": wish.comparisons, "blocked": len(blocked), "share": round(share, 4),
        "runs": len(kept), "p95_ms": [round(p95, 2) for p95 in p95s], "reasons": blocked,
        "p95_median_ms": round(median(p95s), 2),
    }  # fmt: skip
    return Case(
        "a release against itself", wish.comparisons, time.perf_counter() - began, None,
        "at most 5 % blocked", share <= 0.05, peak_rss_mib(), detail,
    )  # fmt: skip


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
