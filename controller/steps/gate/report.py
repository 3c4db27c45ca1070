"""A gate's answer as one page that opens without a network: for who decides on a release. Pure.

Everything comes from outside, so everything is escaped; the page allows no script and no address.
"""

import hashlib
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape

from controller.model.chart import Chart, Picture
from controller.model.measurement import GateResult, GateRuling, Measurement
from controller.steps.gate import validity

STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;"
    "color:#1c2733}h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}"
    "table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem .6rem;"
    "border-bottom:1px solid #dde3ea;overflow-wrap:anywhere}img{max-width:100%}"
    ".verdict{font-size:1.3rem;padding:.1rem .7rem;border-radius:.4rem;color:#fff;"
    "background:#6b7683}.pass{background:#1f7a3d}.warn{background:#9a6700}.fail{background:#b42318}"
    "code,pre{background:#f2f5f8;padding:.1rem .3rem;white-space:pre-wrap;overflow-wrap:anywhere}"
    ".quiet{color:#5a6672}"
)
STYLE_HASH = b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
CONTENT_POLICY = f"default-src 'none'; img-src data:; style-src 'sha256-{STYLE_HASH}'"
MARK = "<!doctype html>\n<!-- Trueup gate report 1 -->\n"
"""How every report begins: what is shown as one is one."""
MOST_REASONS = 3
_MEANS = {
    GateRuling.PASS: "The release may go on.",
    GateRuling.WARN: "The release may go on; somebody should look at this.",
    GateRuling.FAIL: "The release does not go on.",
    GateRuling.INVALID: "The runs prove nothing, so the release does not go on.",
    GateRuling.UNKNOWN: "Something is not known, so the release does not go on.",
}


@dataclass(frozen=True)
class Told:
    """What a report is made of."""

    stage: str
    commit: str
    result: GateResult
    runs: tuple[Measurement, ...]
    baseline: tuple[Measurement, ...] = ()
    headroom: str = ""
    """How far it is from today's peak, in a sentence."""


def report(told: Told, charts: Sequence[tuple[Chart, Picture]]) -> bytes:
    """Write the page."""
    result = told.result
    title = f"{result.gate} in {told.stage}: {result.ruling}"
    verdict = f'<span class="verdict {result.ruling}">{result.ruling}</span>'
    parts = [
        f"<h1>{escape(result.gate)} in {escape(told.stage)} {verdict}</h1>",
        f"<p><b>{_MEANS[result.ruling]}</b> {escape(_made(told))}</p>",
        _list(result.reasons[:MOST_REASONS]),
        f"<p><b>{escape(_again_said(result))}</b></p>" if result.earlier else "",
        f"<p>{escape(told.headroom)}</p>" if told.headroom else "",
        "<h2>Objectives</h2>", _objectives(result),
        _section("More to look at", (*result.reasons[MOST_REASONS:], *result.warnings)),
        *(_chart(chart, picture) for chart, picture in charts),
        "" if charts else '<p class="quiet">The charts could not be drawn.</p>',
        "<h2>Endpoints</h2>", _endpoints(told.runs),
        "<h2>Validity of the runs</h2>", _validity(told.runs), _workers(told.runs),
        "<h2>Errors</h2>", _errors(told.runs),
        "<h2>How to make it again</h2>", _again(told),
    ]  # fmt: skip
    head = (
        f'<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(CONTENT_POLICY)}">'
        f"<style>{STYLE}</style></head><body>"
    )
    return (MARK + head + "\n".join(parts) + "</body></html>\n").encode("utf-8", "replace")


def _made(told: Told) -> str:
    """Say what was measured, when, under which load, and beside what."""
    if not told.runs:
        return f"Release {told.commit[:12]}: nothing was measured."
    last = told.runs[-1]
    load = f"{last.seconds:.0f} s at {last.offered_rate:.4g} requests a second"
    beside = f"beside {len(told.baseline)} runs of the baseline" if told.baseline else "on its own"
    return (
        f"Release {told.commit[:12]}, {_count(told.runs)} of {load}, the last on"
        f" {datetime.fromtimestamp(last.started_at, UTC):%Y-%m-%d at %H:%M} UTC, {beside}."
    )


def _again_said(result: GateResult) -> str:
    said = result.told_earlier()
    return f"{said[0].upper()}{said[1:]}."


def _count(runs: Sequence[Measurement]) -> str:
    return "1 run" if len(runs) == 1 else f"{len(runs)} runs"


def _workers(runs: Sequence[Measurement]) -> str:
    rows = [
        (f"{number + 1}", f"{place + 1} on {one.machine}", f"{one.made} of {one.wanted:.0f}",
         f"{one.cpu:.0%}", f"{one.lag:.1f} ms")
        for number, run in enumerate(runs)
        for place, one in enumerate(run.workers)
    ]  # fmt: skip
    names = ("Run", "Worker", "Requests", "Its processor", "Its lag")
    return _table(names, rows) if rows else ""


def _chart(chart: Chart, picture: Picture) -> str:
    shown = b64encode(picture.svg).decode("ascii")
    file = b64encode(picture.png).decode("ascii")
    name = chart.title.lower().replace(" ", "-").replace(",", "")
    return (
        f'<h2>{escape(chart.title)}</h2><img alt="{escape(chart.title)}" '
        f'src="data:image/svg+xml;base64,{shown}"><p class="quiet">'
        f'<a download="{escape(name)}.png" href="data:image/png;base64,{file}">PNG</a> · '
        f'<a download="{escape(name)}.svg" href="data:image/svg+xml;base64,{shown}">SVG</a></p>'
    )


def _objectives(result: GateResult) -> str:
    rows = [
        (one.measure, one.wanted, _number(one.measured), _number(one.baseline), f"{one.weight:g}",
         "yes" if one.key else "", str(one.ruling))
        for one in result.objectives
    ]  # fmt: skip
    names = ("Objective", "Wanted", "Measured", "Baseline", "Weight", "Key", "Says")
    table = _table(names, rows)
    return table if result.score is None else f"{table}<p>Score: {result.score:.0f} of 100</p>"


def _endpoints(runs: Sequence[Measurement]) -> str:
    rows = [
        (f"{number + 1}", name, str(one.requests), str(one.failures), str(one.omitted),
         *(_number(one.corrected.get(p)) for p in ("p50", "p95", "p99", "max")),
         _number(one.raw.get("p95")))
        for number, run in enumerate(runs)
        for name, one in sorted(run.endpoints.items())
    ]  # fmt: skip
    names = ("Run", "Endpoint", "Requests", "Failed", "Omitted", "p50 ms", "p95 ms", "p99 ms",
             "Longest ms", "p95 uncorrected")  # fmt: skip
    return _table(names, rows)


def _validity(runs: Sequence[Measurement]) -> str:
    rows = [
        (f"{number + 1}", f"{run.achieved_rate:.1f} of {run.offered_rate:g} /s",
         f"{run.generator_cpu:.0%} (below {validity.BUSIEST_GENERATOR:.0%})",
         f"{run.generator_lag:.1f} ms (below {validity.LATEST_GENERATOR:g} ms)",
         f"{run.total.requests} (at least {validity.FEWEST_REQUESTS})",
         "; ".join((*validity.problems(run), *validity.doubts(run))) or "valid")
        for number, run in enumerate(runs)
    ]  # fmt: skip
    names = ("Run", "Rate", "Generator's processor", "Generator's lag", "Requests", "So it is")
    return _table(names, rows)


def _errors(runs: Sequence[Measurement]) -> str:
    rows = [
        (f"{number + 1}", str(count), text)
        for number, run in enumerate(runs)
        for text, count in run.errors
    ]
    return _table(("Run", "Times", "Error"), rows) if rows else "<p>None.</p>"


def _again(told: Told) -> str:
    result = told.result
    environment = told.stage.partition("/")[2]
    product = told.stage.partition("/")[0]
    known = [
        ("Commit", told.commit),
        ("Release", result.release),
        *((f"Measurement of run {n + 1}", digest) for n, digest in enumerate(result.measurements)),
        *((f"Baseline {n + 1}", digest) for n, digest in enumerate(result.baseline)),
    ]
    if told.runs:
        last = told.runs[-1]
        known += [("Load", last.load), ("Target", last.target), ("Runner", last.runner_class)]
    command = f"trueup gate run {result.gate} -e {environment} -p {product}"
    return f"<pre>{escape(command)}</pre>" + _table(("What", "Which"), known)


def _section(title: str, texts: Sequence[str]) -> str:
    return f"<h2>{escape(title)}</h2>{_list(texts)}" if texts else ""


def _list(texts: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(text)}</li>' for text in texts)}</ul>"


def _table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
