"""The runs of a gate as charts, with the baseline laid over. Pure."""

from collections.abc import Sequence

from controller.model.chart import Chart, Line
from controller.model.measurement import Measurement
from controller.steps.gate.objectives import read_histogram

SHOWN_BASELINES = 5
RAREST = 10_000.0
"""Percentile curves go to 99.99 %."""


def charts(runs: Sequence[Measurement], baseline: Sequence[Measurement]) -> tuple[Chart, ...]:
    """Give latency over time, rate and errors over time, and percentile curves."""
    kept = baseline[:SHOWN_BASELINES]
    curves = [Line(label, _curve(run), is_baseline=old) for label, run, old in _all(runs, kept)]
    return (
        Chart(
            "Latency over time", "seconds, the warm-up first", "p95 in ms",
            _over_time(runs, kept, 3),
        ),
        Chart(
            "Requests and errors over time", "seconds, the warm-up first", "per second",
            (*_over_time(runs, kept, 1), *_errors(runs)),
        ),
        Chart(
            "Percentiles of all requests, corrected", "percentile", "latency in ms",
            tuple(curves),
            is_of_percentiles=True,
        ),
    )  # fmt: skip


def _all(
    runs: Sequence[Measurement], baseline: Sequence[Measurement]
) -> list[tuple[str, Measurement, bool]]:
    old = [(f"baseline {n + 1}", run, True) for n, run in _numbered(baseline)]
    return [*old, *((f"run {n + 1}", run, False) for n, run in _numbered(runs))]


def _numbered(runs: Sequence[Measurement]) -> list[tuple[int, Measurement]]:
    return list(enumerate(runs))


def _over_time(
    runs: Sequence[Measurement], baseline: Sequence[Measurement], place: int
) -> tuple[Line, ...]:
    return tuple(
        Line(label, tuple((one[0], one[place]) for one in run.series), is_baseline=old)
        for label, run, old in _all(runs, baseline)
    )


def _errors(runs: Sequence[Measurement]) -> list[Line]:
    return [
        Line(f"errors of run {n + 1}", tuple((one[0], one[2]) for one in run.series))
        for n, run in _numbered(runs)
        if any(one[2] for one in run.series)
    ]


def _curve(run: Measurement) -> tuple[tuple[float, float], ...]:
    """Give latency in ms over 1/(1-p); nothing where the histogram cannot be read."""
    histogram = read_histogram(run.total)
    if histogram is None or not histogram.get_total_count():
        return ()
    rarities = [10 ** (step / 12) for step in range(49)]
    return tuple(
        (rarity, histogram.get_value_at_percentile(100 * (1 - 1 / rarity)) / 1000)
        for rarity in rarities
        if rarity <= min(RAREST, histogram.get_total_count())
    )
