"""`trueup bench fuzz`: mutilated repositories through load → diagnose → render every format."""

import json
import random
import re
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from multiprocessing import get_context

from controller import __version__
from controller.bench.mutilate import Mutilator
from controller.bench.report import Case, Report, peak_rss_mib
from controller.bench.repository import documents
from controller.diagnostics.as_json import as_json
from controller.diagnostics.concise import concise
from controller.diagnostics.full import MOST_SHOWN, full
from controller.diagnostics.github import github
from controller.diagnostics.sarif import sarif
from controller.diagnostics.span import Span
from controller.model.catalog import Catalog
from controller.model.snapshot import FileKind, Snapshot, SnapshotFile
from controller.steps.graph import graph
from controller.steps.load.load import ParsedFiles, load

SLOWEST = 1.0
"""Seconds that no case may take."""
SHARE = 2_000
"""Cases of one seed: what breaks can be made again from its number."""
_BREAK = re.compile(r"\r\n|\r|\n")
_PATH = "products/fuzzed.yaml"


@dataclass(frozen=True, slots=True)
class Found:
    """What the cases of some seeds gave."""

    cases: int
    diagnostics: int
    slowest: float
    broken: tuple[str, ...]
    peak_rss_mib: float


def bench_fuzz(
    cases: int, say: Callable[[str], None] = lambda _text: None, *, workers: int = 2
) -> Report:
    """Run about `cases` cases in a few processes."""
    began = time.perf_counter()
    seeds = range(max(1, -(-cases // SHARE)))
    share = -(-cases // len(seeds))
    found: list[Found] = []
    with ProcessPoolExecutor(max_workers=workers, mp_context=get_context("spawn")) as pool:
        for number, part in enumerate(pool.map(run_seed, seeds, [share] * len(seeds)), start=1):
            found.append(part)
            if number % 25 == 0:
                say(f"{sum(each.cases for each in found)} cases")
    broken = [text for part in found for text in part.broken]
    slowest = max(part.slowest for part in found)
    case = Case(
        name="mutilated repositories",
        units=sum(part.cases for part in found),
        ours_seconds=time.perf_counter() - began,
        plain_seconds=None,
        goal=f"nothing breaks, none takes {SLOWEST:g} s",
        is_met=not broken and slowest < SLOWEST,
        peak_rss_mib=max(part.peak_rss_mib for part in found),
        detail={
            "broken": broken[:20],
            "broken_number": len(broken),
            "slowest_seconds": round(slowest, 4),
            "diagnostics": sum(part.diagnostics for part in found),
        },
    )
    return Report("fuzz", (case,))


def run_seed(seed: int, cases: int) -> Found:
    """Run the cases of one seed."""
    good = dict(documents(1))
    paths = [path for path in good if path.endswith(".yaml")]
    small = {path: good[path] for path in good if "stack-" not in path or path.endswith("-0.yaml")}
    maker = Mutilator([small[path] for path in paths if path in small], random.Random(seed))
    kept = ParsedFiles(1_000)
    diagnostics, slowest, broken = 0, 0.0, []
    for number in range(cases):
        text = maker.text()
        began = time.perf_counter()
        try:
            content = text.encode()
            catalog = load(snapshot_of({**small, _PATH: content}), {}, kept)
            check(catalog, _PATH, content.decode("utf-8-sig"))
            diagnostics += len(catalog.diagnostics)
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            broken.append(f"seed {seed} case {number}: {type(error).__name__}: {error}"[:300])
        slowest = max(slowest, time.perf_counter() - began)
    return Found(cases, diagnostics, slowest, tuple(broken), peak_rss_mib())


def snapshot_of(files: Mapping[str, str | bytes]) -> Snapshot:
    """Give a snapshot of files in memory."""
    contents = {
        path: text if isinstance(text, bytes) else text.encode() for path, text in files.items()
    }
    entries = {
        path: SnapshotFile(path, sha256(content).hexdigest(), len(content), FileKind.REGULAR)
        for path, content in contents.items()
    }
    return Snapshot(None, entries, read=lambda path: contents[path])


def check(catalog: Catalog, path: str, text: str) -> None:
    """Raise ValueError when something that was found cannot be shown as it must be."""
    lines = _BREAK.split(text)
    found = catalog.diagnostics
    for diagnostic in found:
        if diagnostic.span is None:
            raise ValueError(f"{diagnostic.code} has no place")
        for span in (diagnostic.span, *(note.span for note in diagnostic.related)):
            if span.path == path and not _lies_in(span, lines):
                raise ValueError(f"{diagnostic.code} lies outside of the file: {span}")
    numbers = {
        len(found),
        len(concise(found).splitlines()),
        len(github(found).splitlines()),
        len(json.loads(as_json(found))["diagnostics"]),
        len(json.loads(sarif(found, version=__version__))["runs"][0]["results"]),
    }
    shown = len(re.findall(r"^(?:error|warning)\[", full(found), re.MULTILINE))
    if len(numbers) != 1 or shown != min(len(found), MOST_SHOWN):
        raise ValueError("not every format tells everything")
    graph(catalog)


def _lies_in(span: Span, lines: list[str]) -> bool:
    return (
        1 <= span.line <= span.end_line <= len(lines)
        and 1 <= span.column <= len(lines[span.line - 1]) + 1
        and 1 <= span.end_column <= len(lines[span.end_line - 1]) + 1
        and (span.line, span.column) <= (span.end_line, span.end_column)
    )
