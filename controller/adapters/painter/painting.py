"""The process that draws: charts as JSON on stdin, pairs of SVG and PNG in base64 on stdout.

`python -P -m controller.adapters.painter.painting`.
"""

import io
import json
import sys
from base64 import b64encode
from typing import Any

from pydantic import TypeAdapter

from controller.model.chart import Chart

SIZE = (9.0, 3.4)
COLOURS = ("#0b5cad", "#b3541e", "#2a7d46", "#7a3e9d", "#9a7b0a", "#c2255c", "#14808a")
BASELINE = "#b4bcc6"
BAND = "#c9d9f1"
NOTE = "#5a6675"
TICKS = (1, 2, 10, 100, 1000, 10000)


def main() -> None:
    """Draw everything that is told."""
    import matplotlib as mpl

    mpl.use("agg")
    mpl.rcParams.update(
        {"svg.hashsalt": "trueup", "text.parse_math": False, "font.size": 9, "svg.fonttype": "none"}
    )
    charts = TypeAdapter(tuple[Chart, ...]).validate_json(sys.stdin.buffer.read())
    sys.stdout.write(json.dumps([paint(chart) for chart in charts]))


def paint(chart: Chart) -> tuple[str, str]:
    """Draw one chart."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE, layout="constrained")
    axes = figure.subplots()
    _lines(axes, chart)
    _around(axes, chart)
    axes.set_title(chart.title, loc="left", fontsize=11)
    axes.set_xlabel(chart.across)
    axes.set_ylabel(chart.upward)
    axes.set_ylim(bottom=0)
    axes.grid(visible=True, color="#e6e9ed", linewidth=0.7)
    axes.spines[["top", "right"]].set_visible(False)
    if chart.is_of_percentiles:
        axes.set_xscale("log")
        axes.set_xticks(TICKS, [f"{100 * (1 - 1 / tick):g}%" for tick in TICKS])
        axes.minorticks_off()
    if chart.is_of_days:
        axes.xaxis_date()
    if chart.note:
        figure.supxlabel(chart.note, fontsize=8, color=NOTE, x=0.01, ha="left")
    if any(line.points for line in chart.lines):
        figure.legend(loc="outside right upper", frameon=False, fontsize=8)
    return _saved(figure, "svg"), _saved(figure, "png")


def _lines(axes: Any, chart: Chart) -> None:
    number, is_told = 0, False
    for line in sorted(chart.lines, key=lambda line: not line.is_baseline):
        across = [x for x, _ in line.points]
        upward = [y for _, y in line.points]
        colour = BASELINE if line.is_baseline else COLOURS[number % len(COLOURS)]
        number += not line.is_baseline
        # A label that begins with `_` is left out of the legend: baselines are told once.
        label = f" {line.label}" if line.label.startswith("_") else line.label
        if line.is_baseline:
            label = "_" if is_told else "baseline"
            is_told = True
        axes.plot(across, upward, color=colour, linewidth=1.6, label=label)


def _around(axes: Any, chart: Chart) -> None:
    """Draw bounds and what happens, behind and beside the lines."""
    if chart.band:
        across, low, high = zip(*chart.band, strict=True)
        axes.fill_between(across, low, high, color=BAND, linewidth=0, label="bounds")
    for at, word in chart.marks:
        axes.axvline(at, color=COLOURS[1], linewidth=0.9, linestyle="--")
        axes.text(
            at, 1, f" {word}", transform=axes.get_xaxis_transform(), rotation=90, va="top",
            ha="right", fontsize=7, color=COLOURS[1],
        )  # fmt: skip


def _saved(figure: Any, form: str) -> str:
    content = io.BytesIO()
    metadata = {"Date": None} if form == "svg" else {"Software": None}
    figure.savefig(content, format=form, metadata=metadata, dpi=110)
    return b64encode(content.getvalue()).decode("ascii")


if __name__ == "__main__":
    main()
