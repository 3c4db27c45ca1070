"""What the runs of a load test say of a release: measurements → result. Pure.

Validity comes first: a run whose generator was the bottleneck proves nothing, good or bad. What is
missing never passes, and runs that made fewer requests than were wanted never pass either.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import median

from controller.model.measurement import GateResult, GateRuling, Measurement, ObjectiveResult
from controller.model.names import Digest
from controller.steps.gate import validity
from controller.steps.gate.baseline import NOTHING_VERIFIED, Baseline, Comparison, is_broken
from controller.steps.gate.compared import (
    compare_objective,
    is_kept_by_noise,
    is_kept_by_spread,
    tell,
    tell_detectable,
    why_not_compared,
    with_detectable,
)
from controller.steps.gate.objectives import (
    LATENCIES,
    Objective,
    find_statistics,
    value_of,
    why_unknown,
    with_error_rate,
)
from schemas.limits import Limit, RelativeLimit

JUDGE = 3
"""The number of the judge of this version: to be raised when the answer to any runs changes, its
words included. Answers keep theirs, so that none is checked by a judge that did not give it."""
OLDEST_JUDGE = 2
"""Answers of the judges from this one on are given again, each by its own rule."""
_SINCE_ODD_RUNS = 3
"""The first judge that puts odd runs of the baseline aside, and tells what a gate can see."""

_SEVERITY = (
    GateRuling.FAIL,
    GateRuling.INVALID,
    GateRuling.UNKNOWN,
    GateRuling.WARN,
    GateRuling.PASS,
)

UNCOMPARED = "nothing is compared: "
_NOISE = "which is more, but no more than the noise of the runs explains"
_TOO_NOISY = "the runs differ so much that nobody can say whether that is noise; make more runs"


@dataclass(frozen=True, slots=True)
class Score:
    """From which sum of weights, of a hundred, the gate passes or warns."""

    passes: float
    warns: float


@dataclass(frozen=True)
class Question:
    """What a gate asks of the runs of a release."""

    gate: str
    objectives: tuple[Objective, ...]
    release: Digest
    baseline: Baseline = NOTHING_VERIFIED
    score: Score | None = None
    judge: int = JUDGE
    """The number of the judge whose rule is asked."""

    @property
    def with_odd(self) -> bool:
        """Whether runs of the baseline that are odd beside the others count like them."""
        return self.judge < _SINCE_ODD_RUNS


def judge(question: Question, runs: Sequence[Measurement]) -> GateResult:
    """Say whether a release passes; the reasons are for people, the worst first."""
    gate, release = question.gate, question.release
    if not runs:
        return GateResult(gate, release, GateRuling.UNKNOWN, ("there is no measurement",))
    if not question.objectives:
        return GateResult(gate, release, GateRuling.UNKNOWN, ("the load test has no objective",))
    objectives = with_error_rate(question.objectives)
    results = _judge_objectives(question, runs, objectives)
    problems = _once(p for run in runs for p in validity.problems(run))
    if problems:
        invalid = tuple(replace(result, ruling=GateRuling.INVALID) for result in results)
        return GateResult(gate, release, GateRuling.INVALID, problems, invalid)
    ruling, score = _sum(question, results)
    reasons = [result.reason for result in results]
    if score is not None and question.score is not None:
        reasons.append(f"the score is {score:.0f} of 100, wanted {question.score.passes:g}")
    if question.baseline.absent and any(o.is_relative for o in objectives):
        reasons.append(f"{UNCOMPARED}{question.baseline.absent}")
    if ruling != GateRuling.PASS:
        reasons += _once(e for run in runs for e in validity.errors(run))[: validity.SHOWN_ERRORS]
    ended = _once(d for run in runs if run.ended_early for d in validity.short(run))
    if ended:
        ruling, reasons = GateRuling.FAIL, [*ended, *reasons]
        return GateResult(gate, release, ruling, tuple(reasons), tuple(results), score=score)
    ruling, reasons = _doubted(question, runs, ruling, reasons, len(results))
    if ruling.lets_through:
        reasons = [*reasons, *tell_detectable(results, runs, question.baseline)]
    return GateResult(gate, release, ruling, tuple(reasons), tuple(results), score=score)


def _doubted(
    question: Question,
    runs: Sequence[Measurement],
    ruling: GateRuling,
    reasons: list[str],
    place: int,
) -> tuple[GateRuling, list[str]]:
    """Put beside a ruling what speaks against its runs: no pass, nor a fail by the generator."""
    doubts = _once(d for run in runs for d in validity.doubts(run))
    disturbed = _disturbed(question, runs) if ruling == GateRuling.FAIL else ()
    if disturbed:
        return GateRuling.INVALID, [*_once([*disturbed, *doubts]), *reasons]
    lags = _lags(question, runs) if ruling == GateRuling.FAIL else ()
    if lags and _passes_without_lag(question, runs):
        return GateRuling.INVALID, [*_once([*lags, *doubts]), *reasons]
    if ruling == GateRuling.FAIL:
        amount = _once(d for run in runs for d in validity.short(run) + validity.more(run))
        return ruling, [*reasons[:place], *amount, *reasons[place:]]
    return (GateRuling.INVALID, [*doubts, *reasons]) if doubts else (ruling, reasons)


def _judge_objectives(
    question: Question,
    runs: Sequence[Measurement],
    objectives: Iterable[Objective],
    *,
    without_lag: bool = False,
) -> list[ObjectiveResult]:
    found = (_judge_objective(o, runs, question, without_lag=without_lag) for o in objectives)
    return sorted(found, key=lambda result: _SEVERITY.index(result.ruling))


def _sum(question: Question, results: Sequence[ObjectiveResult]) -> tuple[GateRuling, float | None]:
    """Give the ruling: of the worst objective, or where a score is wanted, of the sum of all."""
    worst = results[0].ruling
    unclear = [r.ruling for r in results if r.ruling in {GateRuling.INVALID, GateRuling.UNKNOWN}]
    if question.score is None:
        return worst, None
    gives = {GateRuling.PASS: 1.0, GateRuling.WARN: 0.5}
    reached = sum(result.weight * gives.get(result.ruling, 0.0) for result in results)
    score = 100 * reached / sum(result.weight for result in results)
    if any(result.key and result.ruling == GateRuling.FAIL for result in results):
        return GateRuling.FAIL, score
    if unclear:
        return unclear[0], score
    if score >= question.score.passes:
        return GateRuling.PASS, score
    return (GateRuling.WARN if score >= question.score.warns else GateRuling.FAIL), score


def _disturbed(question: Question, runs: Sequence[Measurement]) -> tuple[str, ...]:
    """Say that only runs of a busy machine make it fail; empty where those in peace fail, too."""
    calm = [run for run in runs if not validity.disturbed(run)]
    if len(calm) in {0, len(runs)}:
        return ()
    results = _judge_objectives(question, calm, with_error_rate(question.objectives))
    if _sum(question, results)[0] == GateRuling.FAIL:
        return ()
    busy = "; ".join(
        f"in run {place + 1} {' and '.join(found)}"
        for place, run in enumerate(runs)
        if (found := validity.disturbed(run))
    )
    return (f"it fails only with runs of a busy machine: {busy}",)


def _lags(question: Question, runs: Sequence[Measurement]) -> tuple[str, ...]:
    """Say where the generator was late as an objective measures it."""
    measures = [o.measure for o in question.objectives if o.measure in LATENCIES]
    return _once(r for run in runs for m in measures for r in validity.late_at(run, m))


def _passes_without_lag(question: Question, runs: Sequence[Measurement]) -> bool:
    """Tell whether nothing fails when the generator's own lateness is taken off."""
    objectives = with_error_rate(question.objectives)
    results = _judge_objectives(question, runs, objectives, without_lag=True)
    return _sum(question, results)[0] != GateRuling.FAIL


def _judge_objective(
    objective: Objective, runs: Sequence[Measurement], question: Question, *, without_lag: bool
) -> ObjectiveResult:
    compared: Comparison | None = None

    def result(measured: float | None, ruling: GateRuling, reason: str) -> ObjectiveResult:
        base = compared.base if compared else None
        found = ObjectiveResult(
            objective.title, objective.wanted, measured, ruling, reason, base,
            objective.weight, objective.key,
        )  # fmt: skip
        return found if question.with_odd else with_detectable(found, objective, compared)

    baseline = question.baseline
    values: list[float] = []
    for run in runs:
        value = value_of(objective, run)
        if value is None:
            return result(None, GateRuling.UNKNOWN, why_unknown(objective, run))
        lag = run.lag(objective.measure) if without_lag and objective.measure in LATENCIES else 0.0
        values.append(max(0.0, value - lag) if lag else value)
    measured = median(values)
    compared = compare_objective(objective, values, baseline, with_odd=question.with_odd)
    reason = tell(objective, values, compared, baseline)
    few = _few(objective, runs)
    if few and few[0]:
        return result(measured, GateRuling.INVALID, f"{reason}, but {few[1]}")
    missing = why_not_compared(objective, compared, baseline)
    if missing and not _fails_anyway(objective, measured):
        return result(measured, GateRuling.UNKNOWN, f"{reason}, but {missing}")
    ruling = _by_limits(objective, measured, compared)
    if few and ruling != GateRuling.FAIL:
        return result(measured, GateRuling.INVALID, f"{reason}, but {few[1]}")
    if ruling != GateRuling.PASS and objective.warns:
        reason = f"{reason}, tolerated {objective.tolerated}"
    if ruling == GateRuling.UNKNOWN:
        reason = f"{reason}, but {_TOO_NOISY}"
    elif is_kept_by_noise(objective, ruling, compared):
        reason = f"{reason}, {_NOISE}"
    return result(measured, ruling, reason)


def _by_limits(objective: Objective, measured: float, compared: Comparison | None) -> GateRuling:
    """Hold a number against its limits; unknown where only the noise of the runs would keep it."""
    answers = ((GateRuling.PASS, objective.passes), (GateRuling.WARN, objective.warns))
    kept = [
        (ruling, limits)
        for ruling, limits in answers
        if limits and all(_holds(limit, measured, compared) for limit in limits)
    ]
    shown = [
        ruling for ruling, limits in kept if not is_kept_by_spread(objective, limits, compared)
    ]
    if kept and not shown:
        return GateRuling.UNKNOWN
    return shown[0] if shown else GateRuling.FAIL


def _holds(limit: Limit, measured: float, compared: Comparison | None) -> bool:
    if isinstance(limit, RelativeLimit):
        return compared is None or not is_broken(limit, compared)
    return limit.holds(measured)


def _fails_anyway(objective: Objective, measured: float) -> bool:
    """Tell whether an objective fails by its absolute limits, whatever the baseline would say."""
    return not any(
        limits and all(_holds(limit, measured, None) for limit in limits)
        for limits in (objective.passes, objective.warns)
    )


def _few(objective: Objective, runs: Sequence[Measurement]) -> tuple[bool, str] | None:
    """Say that a run has too few requests: so few that not even a fail counts, or no pass."""
    if objective.measure == "prometheus":
        return None
    found = [find_statistics(objective.endpoint, run) for run in runs]
    fewest = min((s for s in found if s), key=lambda s: s.requests, default=None)
    if fewest is None or fewest.requests >= validity.FEWEST_REQUESTS:
        return None
    said = f"of {fewest.requests} requests; {validity.FEWEST_REQUESTS} are needed"
    return fewest.requests + fewest.omitted < validity.FEWEST_REQUESTS, said


def _once(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))
