"""What each lever of the fast path gives: the same plans, with one of them taken away.

Every unit is planned twice: at first, so that what is meant to be warm is warm, and then at changed
inputs, as at a next commit. The second time is measured.
"""

import asyncio
import contextlib
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from controller.adapters.engine import _init_stamp, embedded
from controller.adapters.engine.environment import build_environment
from controller.adapters.engine.packages import Packages
from controller.bench import aws
from controller.bench.plain import Plain
from controller.bench.report import Case
from controller.bench.same_plans import STATE
from controller.bench.serving import Serving
from controller.bench.stopwatch import Stopwatch, Took, cpu_of_children
from controller.model.plan import ResourceChange
from controller.ports.engine import Engine
from controller.settings import search_path

VALUES = "terraform.tfvars.json"

Found = Mapping[str, tuple[ResourceChange, ...]]


@dataclass(frozen=True, slots=True)
class Levers:
    """What the fast path does; each may be taken away."""

    keeps_init: bool = True
    """`init` is left out where its result is known."""
    hashes_once: bool = True
    """Providers are hashed by us once, and not by Terraform at every command."""
    stays_warm: bool = True
    """A process runs many commands, and loads the schemas of providers at its first."""
    is_parallel: bool = True
    collects_seldom: bool = True
    """GOGC=400."""


VARIANTS: Mapping[str, Levers] = {
    "every lever": Levers(),
    "init each time": Levers(keeps_init=False),
    "providers hashed at each command": Levers(hashes_once=False),
    "no warm worker, no schemas kept": Levers(stays_warm=False),
    "one worker": Levers(is_parallel=False),
    "the usual garbage collection": Levers(collects_seldom=False),
}


async def measure_levers(
    serving: Serving, plain: Plain, say: Callable[[str], None]
) -> Sequence[Case]:
    """Plan with every lever, and without each; a case is met when the plans are the same."""
    cases: list[Case] = []
    wanted: Found = {}
    for number, (name, levers) in enumerate(VARIANTS.items()):
        say(f"plans with {name}")
        place = serving.place / "levers" / str(number)
        took, found = await _plan_all(levers, _copies(serving, plain, place), plain, place)
        wanted = wanted or found
        case = Case(
            name=f"aws, plans: {name}",
            units=len(found),
            ours_seconds=took.seconds,
            plain_seconds=None,
            goal="the same plans",
            is_met=found == wanted,
            peak_rss_mib=0,
            detail={
                "ours": "init, plan and show at changed inputs",
                "ours_cpu_seconds": round(took.cpu, 2),
            },
        )
        cases.append(case)
    return cases


def _copies(serving: Serving, plain: Plain, place: Path) -> Mapping[str, Path]:
    copies = {}
    for name in aws.names():
        copies[name] = plain.copy(serving.workspace(name), place / name, {})
        shutil.copyfile(serving.workspace(name) / STATE, copies[name] / STATE)
    return copies


async def _plan_all(
    levers: Levers, roots: Mapping[str, Path], plain: Plain, place: Path
) -> tuple[Took, Found]:
    configuration = Path(plain.environment["TF_CLI_CONFIG_FILE"])
    environment = build_environment(place / "home", path=search_path(), cli_config=configuration)
    if not levers.collects_seldom:
        del environment["GOGC"]
    others = frozenset(process.pid for process in psutil.Process().children())
    engine = await embedded.connect(
        environment,
        size=2 if levers.is_parallel else 1,
        runs_per_worker=embedded.RUNS_PER_WORKER if levers.stays_warm else 1,
        packages=Packages(place / "packages.json") if levers.hashes_once else None,
    )
    try:
        await asyncio.gather(*(_plan(engine, root) for root in roots.values()))
        for root in roots.values():
            _change(root)
            if not levers.keeps_init:
                _init_stamp.forget(root)
        watch = Stopwatch(lambda: _cpu_beside(others))
        plans = await asyncio.gather(*(_plan(engine, root) for root in roots.values()))
        return watch.took(), dict(zip(roots, plans, strict=True))
    finally:
        await engine.close()


async def _plan(engine: Engine, root: Path) -> tuple[ResourceChange, ...]:
    await engine.init(root)
    return (await engine.plan(root)).changes


def _change(root: Path) -> None:
    values = json.loads((root / VALUES).read_text(encoding="utf-8")) | {"note": "another"}
    (root / VALUES).write_text(json.dumps(values), encoding="utf-8")


def _cpu_beside(others: frozenset[int]) -> float:
    """Tell what our children have computed, without those that were there before."""
    total = cpu_of_children()
    for process in psutil.Process().children():
        if process.pid not in others:
            with contextlib.suppress(psutil.NoSuchProcess):
                total += sum(process.cpu_times()[:4])  # with children that have ended
    return total
