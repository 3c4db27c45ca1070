"""Two sets of runs side by side, by the statistics that a gate decides with. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from controller.model.measurement import Measurement
from controller.steps.gate import validity
from controller.steps.gate.baseline import FEWEST_RUNS, compare, is_broken, is_excused
from controller.steps.gate.objectives import FAR_FROM_NOTHING, Objective, show, value_of
from schemas.limits import RelativeLimit

MEASURES = ("p50", "p95", "p99", "errorRate", "throughput")
SHOWN = 3


class Says(StrEnum):
    """What a difference is: of the second beside the first."""

    WORSE = "worse"
    BETTER = "better"
    SAME = "same"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Row:
    """One number of one endpoint, on both sides."""

    endpoint: str
    """Empty: all requests together."""
    measure: str
    first: float | None
    second: float | None
    change: float | None
    """Share of the first; None from nothing, or where a side lacks it."""
    says: Says
    because: str
    shown: tuple[str, str]
    """Both numbers with their units."""


@dataclass(frozen=True)
class SideBySide:
    """What a person is told."""

    says: Says
    reasons: tuple[str, ...]
    rows: tuple[Row, ...]


def side_by_side(
    first: Sequence[Measurement], second: Sequence[Measurement], share: float
) -> SideBySide:
    """Compare each endpoint's numbers; a difference counts beyond a share, and beyond noise."""
    names = sorted({name for run in (*first, *second) for name in run.endpoints})
    rows = tuple(
        _row(Objective(measure, (), endpoint=name or None), first, second, share)
        for name in ("", *names)
        for measure in MEASURES
    )
    doubts = (*_doubts("first", first), *_doubts("second", second), *_unlike(first, second))
    if doubts:
        return SideBySide(Says.UNKNOWN, doubts, rows)
    for says in (Says.WORSE, Says.UNKNOWN, Says.BETTER):
        told = [_sentence(row) for row in rows if row.says == says]
        if told:
            more = (f"and {len(told) - SHOWN} more",) if len(told) > SHOWN else ()
            return SideBySide(says, (*told[:SHOWN], *more), rows)
    same = f"no number differs by more than {share * 100:g} % and more than noise explains"
    return SideBySide(Says.SAME, (same,), rows)


def _doubts(side: str, runs: Sequence[Measurement]) -> list[str]:
    return [
        f"run {number + 1} of the {side} proves nothing: {problem}"
        for number, run in enumerate(runs)
        for problem in (*validity.problems(run), *validity.doubts(run))[:1]
    ]


def _unlike(first: Sequence[Measurement], second: Sequence[Measurement]) -> list[str]:
    runs = (*first, *second)
    found = []
    if len({run.load for run in runs}) > 1:
        found.append("they are runs of different loads: another script, rate, time or data")
    if len({run.runner_class for run in runs}) > 1:
        found.append("they were made on different machines, or with other workers")
    return found


def _row(
    objective: Objective, first: Sequence[Measurement], second: Sequence[Measurement], share: float
) -> Row:
    a, b = ([value_of(objective, run) for run in side] for side in (first, second))
    before = [value for value in a if value is not None]
    after = [value for value in b if value is not None]
    is_whole = len(before) == len(a) and len(after) == len(b)
    one, two = (sum(side) / len(side) if side else None for side in (before, after))
    change = two / one - 1 if one and two is not None else None
    says, because = Says.UNKNOWN, "a run lacks it"
    if is_whole:
        says, because = _says(objective.measure, before, after, share)
    shown = tuple("-" if v is None else show(objective.measure, v) for v in (one, two))
    return Row(
        objective.endpoint or "", objective.measure, one, two, change, says, because,
        (shown[0], shown[1]),
    )  # fmt: skip


def _says(
    measure: str, first: Sequence[float], second: Sequence[float], share: float
) -> tuple[Says, str]:
    """Ask as a gate asks whether the second is worse; and whether the first is."""
    if max(len(first), len(second)) < FEWEST_RUNS:
        if math.isclose(first[0], second[0], rel_tol=share):
            return Says.SAME, "nearly equal, of one run each"
        return Says.UNKNOWN, "one run each: nobody can say whether that is noise"
    more_is_worse = measure != "throughput"
    if _is_beyond(first, second, share, more=more_is_worse):
        return Says.WORSE, "more than noise explains"
    if _is_beyond(first, second, share, more=not more_is_worse):
        return Says.BETTER, "more than noise explains"
    if measure in FAR_FROM_NOTHING and _is_excused(first, second, share, more=more_is_worse):
        return Says.UNKNOWN, "the runs differ so much that noise may explain it"
    return Says.SAME, "noise explains it"


def _is_beyond(
    first: Sequence[float], second: Sequence[float], share: float, *, more: bool
) -> bool:
    """Tell whether the second is more (or less) than the first, by a share and beyond noise."""
    if len(first) >= FEWEST_RUNS:
        return is_broken(_limit(share, more=more), compare(second, first, more_is_worse=more))
    turned = compare(first, second, more_is_worse=not more)  # only the second's spread is known
    return turned.bound > 0 and abs(_change(first, second)) > share


def _is_excused(
    first: Sequence[float], second: Sequence[float], share: float, *, more: bool
) -> bool:
    if len(first) < FEWEST_RUNS:
        return abs(_change(first, second)) > share
    return is_excused(_limit(share, more=more), compare(second, first, more_is_worse=more))


def _change(first: Sequence[float], second: Sequence[float]) -> float:
    """Give by which share the second mean is more than the first."""
    there, here = sum(first) / len(first), sum(second) / len(second)
    return here / there - 1 if there else (math.inf if here else 0.0)


def _limit(share: float, *, more: bool) -> RelativeLimit:
    if more:
        return RelativeLimit(f"<=+{share * 100:g}%", "<=", share)
    return RelativeLimit(f">=-{share * 100:g}%", ">=", -share)


def _sentence(row: Row) -> str:
    change = f" ({row.change:+.1%})" if row.change is not None else ""
    return (
        f"{row.measure} of {row.endpoint or 'all requests'} is {row.says}:"
        f" {row.shown[0]} became {row.shown[1]}{change}, {row.because}"
    )
