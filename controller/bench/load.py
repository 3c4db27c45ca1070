"""`trueup bench load`: how long a push costs, beside plain parsing of the same files."""

import asyncio
import gc
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

from ruamel.yaml import YAML

from controller.adapters.git.gitpython import GitRepository
from controller.bench.report import Case, Report, peak_rss_mib
from controller.bench.repository import commit, documents, stack
from controller.model.names import Commit
from controller.model.snapshot import Snapshot
from controller.steps.load.load import ParsedFiles, load

T = TypeVar("T")
PUSHES = 5
"""How many later commits are loaded, each with one changed file; the median counts."""
GOAL_COLD, GOAL_PUSH = 1.5, 0.3


@dataclass(frozen=True, slots=True)
class Ours:
    """What our process measured; seconds."""

    documents: int
    diagnostics: int
    snapshot: float
    cold: float
    cold_cpu: float
    pushes: tuple[float, ...]
    push_snapshots: tuple[float, ...]
    peak_rss_mib: float


@dataclass(frozen=True, slots=True)
class Plain:
    """What a process with plain ruamel.yaml measured."""

    seconds: float
    cpu: float
    peak_rss_mib: float


def bench_load(number: int = 10_000, say: Callable[[str], None] = lambda _text: None) -> Report:
    """Measure a repository of about `number` documents."""
    with tempfile.TemporaryDirectory(prefix="trueup-bench-") as folder:
        place = Path(folder)
        say(f"making a repository of {number} documents")
        commits = _make(place / "config.git", number)
        say("loading it")
        ours = _apart(_measure_ours, place, commits)
        plain = {}
        for kind in ("places", "safe", "rt"):
            say(f"parsing it with plain ruamel.yaml ({kind})")
            plain[kind] = _apart(_measure_plain, place, kind, number)
    return Report("load", tuple(_cases(ours, plain)))


def _make(folder: Path, number: int) -> list[str]:
    commits = [commit(folder, documents(number), message="everything")]
    for index in range(PUSHES):
        changed = {
            f"products/product-0/stack-{index}.yaml": stack("product-0", index, replicas=index + 2)
        }
        commits.append(commit(folder, changed, message=f"change {index}"))
    return commits


def _apart(measure: Callable[..., T], *arguments: object) -> T:
    """Measure in a process of its own, so that memory is nobody else's."""
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measure, *arguments).result()


def _measure_ours(place: Path, commits: Sequence[str]) -> Ours:
    return asyncio.run(_ours(place, commits))


async def _ours(place: Path, commits: Sequence[str]) -> Ours:
    repository = GitRepository(str(place / "config.git"), "main", place / "mirror.git")
    await repository.fetch()
    snapshots: list[Snapshot] = []
    took: list[float] = []
    for name in commits:
        began = time.perf_counter()
        snapshots.append(await repository.snapshot(Commit(name)))
        took.append(time.perf_counter() - began)
    kept = ParsedFiles()
    began, began_cpu = time.perf_counter(), time.process_time()
    catalog = load(snapshots[0], {}, kept)
    cold, cold_cpu = time.perf_counter() - began, time.process_time() - began_cpu
    pushes = []
    for snapshot in snapshots[1:]:
        began = time.perf_counter()
        load(snapshot, {}, kept)
        pushes.append(time.perf_counter() - began)
    repository.close()
    return Ours(
        documents=len(catalog.documents),
        diagnostics=len(catalog.diagnostics),
        snapshot=took[0],
        cold=cold,
        cold_cpu=cold_cpu,
        pushes=tuple(pushes),
        push_snapshots=tuple(took[1:]),
        peak_rss_mib=peak_rss_mib(),
    )


def _measure_plain(_place: Path, kind: str, number: int) -> Plain:
    texts = [text for path, text in documents(number).items() if path.endswith(".yaml")]
    yaml = YAML(typ="rt") if kind == "rt" else YAML(typ="safe", pure=True)
    gc.collect()
    began, began_cpu = time.perf_counter(), time.process_time()
    if kind == "places":
        kept = [node for text in texts for node in yaml.compose_all(text)]
    else:
        kept = [document for text in texts for document in yaml.load_all(text)]
    seconds, cpu = time.perf_counter() - began, time.process_time() - began_cpu
    del kept
    return Plain(seconds, cpu, peak_rss_mib())


def _cases(ours: Ours, plain: dict[str, Plain]) -> Sequence[Case]:
    words = {
        "places": "values with places, without building anything: `YAML(typ='safe').compose_all`",
        "safe": "values without places: `YAML(typ='safe', pure=True).load_all`",
        "rt": "values with places and comments: `YAML(typ='rt').load_all`",
    }
    cases = [
        Case(
            name=f"cold against ruamel.yaml ({kind})",
            units=ours.documents,
            ours_seconds=ours.cold,
            plain_seconds=measured.seconds,
            goal=f"ratio ≤ {GOAL_COLD:g}",
            is_met=ours.cold <= GOAL_COLD * measured.seconds,
            peak_rss_mib=ours.peak_rss_mib,
            detail={
                "plain": words[kind],
                "ours": "read from Git, parsed, validated and linked",
                "ours_cpu_seconds": round(ours.cold_cpu, 4),
                "plain_cpu_seconds": round(measured.cpu, 4),
                "plain_peak_rss_mib": round(measured.peak_rss_mib, 1),
                "snapshot_seconds": round(ours.snapshot, 4),
                "diagnostics": ours.diagnostics,
            },
        )
        for kind, measured in plain.items()
    ]
    push = statistics.median(ours.pushes)
    cases.append(
        Case(
            name="one changed file",
            units=ours.documents,
            ours_seconds=push,
            plain_seconds=plain["places"].seconds,
            goal=f"≤ {GOAL_PUSH:g} s",
            is_met=push <= GOAL_PUSH,
            peak_rss_mib=ours.peak_rss_mib,
            detail={
                "plain": "all files again, as a loader that remembers nothing",
                "each_seconds": [round(seconds, 4) for seconds in ours.pushes],
                "snapshot_seconds": round(statistics.median(ours.push_snapshots), 4),
            },
        )
    )
    return cases
