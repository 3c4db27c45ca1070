"""A gate's answer as one page that opens without a network: for who decides on a release. Pure.

Everything comes from outside, so everything is escaped; the page allows no script and no address.
"""

import hashlib
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape

from controller.model.capacity import Headroom
from controller.model.chart import Chart, Picture
from controller.model.measurement import GateResult, GateRuling, Measurement
from controller.steps.gate import validity
from controller.steps.gate.compared import SEEN
from controller.steps.gate.judge import UNCOMPARED
from controller.steps.gate.objectives import LATENCIES, show

STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;"
    "color:#1c2733}h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}"
    "table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem .6rem;"
    "border-bottom:1px solid #dde3ea;vertical-align:top;min-width:2.5rem}"
    ".scroll{overflow-x:auto}.scroll img{width:100%;min-width:36rem;max-width:62rem}"
    ".long{overflow-wrap:anywhere;min-width:12rem}"
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
LONG = 24
"""Letters; what is longer may be broken anywhere, so that a narrow screen shows it."""
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
    headroom: Headroom | None = None
    """How far it is from today's peak."""
    no_headroom: str = ""
    """Why that cannot be told, where somebody may want to know."""


def report(told: Told, charts: Sequence[tuple[Chart, Picture]]) -> bytes:
    """Write the page."""
    result = told.result
    title = f"{result.gate} in {told.stage}: {result.ruling}"
    verdict = f'<span class="verdict {result.ruling}">{result.ruling}</span>'
    parts = [
        f"<h1>{escape(result.gate)} in {escape(told.stage)} {verdict}</h1>",
        f"<p><b>{_MEANS[result.ruling]}</b> {escape(_made(told))}</p>",
        _list(_reasons(result)[:MOST_REASONS]),
        f"<p><b>{escape(_again_said(result))}</b></p>" if result.earlier else "",
        _seen(result),
        _headroom(told),
        "<h2>Objectives</h2>", _objectives(result),
        _section("More to look at", _more(result)),
        *(_chart(chart, picture) for chart, picture in charts),
        "" if charts else '<p class="quiet">The charts could not be drawn.</p>',
        "<h2>Endpoints</h2>", _endpoints(told.runs),
        "<h2>Errors</h2>", _errors(told.runs),
        "<h2>Validity of the runs</h2>", _validity(told.runs), _workers(told.runs),
        _assumed(told.headroom),
        "<h2>How to make it again</h2>", _again(told),
    ]  # fmt: skip
    head = (
        f'<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(CONTENT_POLICY)}">'
        f"<style>{STYLE}</style></head><body>"
    )
    return (MARK + head + "\n".join(parts) + "</body></html>\n").encode("utf-8", "replace")


def _seen(result: GateResult) -> str:
    """Say how much its noise could have hidden."""
    said = next((each for each in result.reasons if each.startswith(SEEN)), "")
    return f"<p>{escape(said[0].upper() + said[1:])}.</p>" if said else ""


def _headroom(told: Told) -> str:
    """Say how far it is from what is forecast, or why nobody can say."""
    if told.headroom is None:
        quiet = f'<p class="quiet">{escape(told.no_headroom)}</p>'
        return quiet if told.no_headroom else ""
    said = str(told.headroom)
    return f"<p>{escape(said[0].upper() + said[1:])}.</p>"


def _assumed(headroom: Headroom | None) -> str:
    """Show what users and requests follow from each other by."""
    if headroom is None or not headroom.assumptions:
        return ""
    rows = [
        (one.name, f"{one.value:g} {one.unit}", one.source, one.why) for one in headroom.assumptions
    ]
    said = f"By Little's law, and what the Forecast {headroom.forecast} says or takes for granted."
    table = _table(("Assumption", "Value", "From", "Why"), rows)
    return f"<h2>What the headroom assumes</h2><p>{escape(said)}</p>{table}"


def _made(told: Told) -> str:
    """Say what was measured, when, under which load, and beside what."""
    if not told.runs:
        return f"Release {told.commit[:12]}: nothing was measured."
    last = told.runs[-1]
    load = f"{last.seconds:.0f} s at {last.offered_rate:.4g} requests a second"
    uncompared = next((r for r in told.result.reasons if r.startswith(UNCOMPARED)), "")
    beside = (
        f"beside {len(told.baseline)} runs of the baseline"
        if told.baseline
        else uncompared or "beside no baseline"
    )
    return (
        f"Release {told.commit[:12]}, {_count(told.runs)} of {load}, the last on"
        f" {datetime.fromtimestamp(last.started_at, UTC):%Y-%m-%d at %H:%M} UTC, {beside}."
    )


def _more(result: GateResult) -> list[str]:
    """Give what is not said on top."""
    rest = (*_reasons(result)[MOST_REASONS:], *result.warnings)
    return [each for each in rest if each != result.told_earlier()]


def _reasons(result: GateResult) -> list[str]:
    """Give the reasons, without what has a place of its own on the page."""
    return [each for each in result.reasons if not each.startswith((UNCOMPARED, SEEN))]


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
        f'<h2>{escape(chart.title)}</h2><div class="scroll"><img alt="{escape(chart.title)}" '
        f'src="data:image/svg+xml;base64,{shown}"></div><p class="quiet">'
        f'<a download="{escape(name)}.png" href="data:image/png;base64,{file}">PNG</a> · '
        f'<a download="{escape(name)}.svg" href="data:image/svg+xml;base64,{shown}">SVG</a></p>'
    )


def _objectives(result: GateResult) -> str:
    rows = [
        (str(one.ruling), one.measure, _shown(one.measure, one.measured), one.wanted,
         _shown(one.measure, one.baseline), _change(one.detectable), f"{one.weight:g}",
         "yes" if one.key else "")
        for one in result.objectives
    ]  # fmt: skip
    names = (
        "Says", "Objective", "Measured", "Wanted", "Baseline", "Seen from", "Weight", "Key",
    )  # fmt: skip
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
         f"{run.stood_still:.0f} ms (below {validity.LONGEST_STANDSTILL:g} ms)",
         _busy(run),
         f"{run.total.requests} (at least {validity.FEWEST_REQUESTS})",
         "; ".join((*validity.problems(run), *validity.doubts(run))) or "valid")
        for number, run in enumerate(runs)
    ]  # fmt: skip
    names = (
        "Run",
        "Rate",
        "Generator's processor",
        "Generator's lag",
        "Longest still",
        "Its machine",
        "Requests",
        "So it is",
    )
    return _table(names, rows)


def _busy(run: Measurement) -> str:
    """Say how busy the machine was, where its system tells."""
    said = []
    if run.machine_waited is not None:
        said.append(f"waited {run.machine_waited:.0%} (below {validity.MOST_WAITED:.0%})")
    if run.machine_stolen is not None:
        said.append(f"stolen {run.machine_stolen:.1%} (below {validity.MOST_STOLEN:.0%})")
    return ", ".join(said)


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
        known += [("Load", last.load), ("Users", last.generator.get("users", "")),
                  ("Target", last.target), ("Runner", last.runner_class)]  # fmt: skip
    command = f"trueup gate run {result.gate} -e {environment} -p {product}"
    said = (
        "This puts the same load on the release that is there then. What this page tells of is kept"
        " by its digests: <code>trueup gate compare</code> lays two runs side by side, and"
        " <code>trueup decision verify</code> judges them again."
    )
    return f"<pre>{escape(command)}</pre><p>{said}</p>" + _table(("What", "Which"), known)


def _section(title: str, texts: Sequence[str]) -> str:
    return f"<h2>{escape(title)}</h2>{_list(texts)}" if texts else ""


def _list(texts: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(text)}</li>' for text in texts)}</ul>"


def _table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="scroll">{table}</div>'


def _cell(text: str) -> str:
    kind = ' class="long"' if len(text) > LONG else ""
    return f"<td{kind}>{escape(text)}</td>"


def _shown(title: str, value: float | None) -> str:
    """Write a number with the unit of its objective, as far as its name tells that."""
    measure = title.partition(" of ")[0]
    if value is None or measure not in {*LATENCIES, "errorRate", "throughput", "apdex"}:
        return _number(value)
    return show(measure, value)


def _change(share: float | None) -> str:
    return "" if share is None else f"{share:+.0%}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
