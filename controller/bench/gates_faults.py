"""The faults of `trueup bench gates`, each with the proof that it took place.

A kill that comes when the run is over, or a service that nobody met while it was slow, is no fault
that a gate could have seen: it is played again, and void if it never takes place.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx
import psutil

from controller.adapters.load_generator.locust import RUNNER, LocustLoadGenerator
from controller.adapters.load_generator.messages import WORKER
from controller.diagnostics.errors import TrueupError
from controller.model.measurement import Measurement
from controller.ports.load_generator import LoadOrder, LoadProgress

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
    SCRIPT.replace(b"def look(self):", b"def look(self):\n        jump_when_due(self.client)")
    + b"""
import time
began, real = [], time.time
def jump_when_due(client):
    began.append(time.monotonic())
    if len(began) > 1 and time.time is real and began[-1] - began[0] > 2.0:
        time.time = lambda: real() + 3600
        client.get("/mine")
"""
)
USERS, RATE = 8, 120.0
WARM_UP = 1.0
LONG = 60.0
"""Seconds of a run that will be broken off: it cannot be over before."""
PAUSE = 1.5


@dataclass
class Lab:
    """The service, and a generator that loads it."""

    url: str
    generator: LocustLoadGenerator
    steady: float = 4.0

    async def faults(self, **faults: object) -> None:
        """Switch faults on; those that are not named are off."""
        async with httpx.AsyncClient(trust_env=False) as client:
            (await client.put(f"{self.url}/faults", json=faults)).raise_for_status()

    async def met(self) -> int:
        """Tell how many calls met a fault since it was switched on."""
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.get(f"{self.url}/faults")
        return int(answer.raise_for_status().json()["met"])

    async def run(self, **changes: Any) -> Measurement:
        """Make one run."""
        return await self.generator.run(self._order(**changes))

    async def runs(self, number: int) -> tuple[Measurement, ...]:
        """Make runs, one after the other."""
        return tuple([await self.run() for _ in range(number)])

    @asynccontextmanager
    async def in_the_middle(self, **changes: Any) -> AsyncIterator["asyncio.Task[Measurement]"]:
        """Make a run, and come back when it counts."""
        counts = asyncio.Event()

        def tell(progress: LoadProgress) -> None:
            if progress.seconds > WARM_UP:
                counts.set()

        order = self._order(**changes)
        run = asyncio.create_task(self.generator.run(order, on_progress=tell))
        waits = asyncio.create_task(counts.wait())
        try:
            await asyncio.wait({run, waits}, return_when=asyncio.FIRST_COMPLETED)
            yield run
        finally:
            for task in (run, waits):
                task.cancel()
            await asyncio.wait({run, waits})

    def _order(self, **changes: Any) -> LoadOrder:
        made = LoadOrder("bench", SCRIPT, self.url, USERS, RATE, WARM_UP, self.steady)
        return replace(made, **changes)


@dataclass(frozen=True)
class Played:
    """What came of a fault."""

    measurement: Measurement | None
    """None: the generator broke off."""
    proof: str
    """How it is known that the fault took place; empty when it did not."""
    error: str = ""


Fault = Callable[[Lab], Awaitable[Played]]


def of_the_service(**faults: object) -> Fault:
    """Have the service be wrong, by what it is told."""

    async def play(lab: Lab) -> Played:
        await lab.faults(**faults)
        measurement = await lab.run()
        met = await lab.met()
        return Played(measurement, f"{met} calls met it" if met else "")

    return play


async def _nobody(lab: Lab) -> Played:
    measurement = await lab.run(target="http://127.0.0.1:9")
    failures = measurement.total.failures
    return Played(measurement, f"{failures} calls found nobody" if failures else "")


async def _lazy(lab: Lab) -> Played:
    measurement = await lab.run(script=LAZY)
    return Played(measurement, "" if measurement.total.requests else "no request was made")


async def _jumps(lab: Lab) -> Played:
    await lab.faults()
    measurement = await lab.run(script=JUMPING)
    return Played(measurement, "the clock was set forward" if await lab.met() else "")


def _killed(module: str, **changes: Any) -> Fault:
    """Kill a process of the generator in the middle of its run."""

    async def play(lab: Lab) -> Played:
        return await _kill(lab, module, changes)

    return play


async def _kill(lab: Lab, module: str, changes: Mapping[str, Any]) -> Played:
    async with lab.in_the_middle(steady=LONG, **changes) as run:
        found = generators(module)[:1]
        was_under_way = not run.done()
        for process in found:
            process.kill()
        proof = f"process {found[0].pid} was killed" if found and was_under_way else ""
        return await _outcome(run, proof)


async def _paused(lab: Lab) -> Played:
    """Stop the generator for a while, as a machine does that is suspended."""
    async with lab.in_the_middle(steady=lab.steady + 2 * PAUSE) as run:
        found = generators(RUNNER)
        for process in found:
            process.suspend()
        await asyncio.sleep(PAUSE)
        stood = bool(found) and not run.done()
        for process in found:
            with contextlib.suppress(psutil.Error):
                process.resume()
        return await _outcome(run, f"it stood still for {PAUSE:g} s" if stood else "")


async def _outcome(run: "asyncio.Task[Measurement]", proof: str) -> Played:
    try:
        return Played(await run, proof)
    except TrueupError as error:
        return Played(None, proof, str(error))


def generators(module: str) -> list[psutil.Process]:
    """Find the processes below this one that run a module."""
    found = []
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if module in child.cmdline():
                found.append(child)
    return found


MUTATIONS: Mapping[str, Fault] = {
    "50 ms more in a tenth of the calls": of_the_service(slow_share=0.1),
    "frozen a fifth of the time": of_the_service(frozen=0.6, period=3.0),
    "a leak: slower each second": of_the_service(leak=0.004),
    "one call in a hundred fails": of_the_service(fails_every=100),
    "another product answers": of_the_service(other=True),
    "nobody answers": _nobody,
    "the generator is killed": _killed(RUNNER),
    "a worker of two is killed": _killed(WORKER, workers=2),
    "no request is made": _lazy,
    "the clock jumps": _jumps,
    "the machine is suspended": _paused,
}
