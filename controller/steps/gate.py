"""What a load test's numbers say of a release: measurement → result. Pure.

Validity comes first: a run whose generator was the bottleneck proves nothing, good or bad. What is
missing never passes, and a run that made fewer requests than were wanted never passes either.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from controller.model.measurement import (
    EndpointStatistics,
    GateResult,
    GateRuling,
    Measurement,
    ObjectiveResult,
)
from controller.model.names import Digest
from schemas.values import Threshold, read_threshold

MAJORITY = 2
"""Of three runs, when one of them says fail."""
MOST_UNPROVEN = 3
"""Runs that prove nothing, until that is the answer."""
FEWEST_REQUESTS = 50
"""Percentiles of fewer requests than this say nothing."""
BUSIEST_GENERATOR = 0.9
LATEST_GENERATOR = 50.0
"""Milliseconds; when the generator's own loop is later, its latencies are its own."""
SHOWN_ERRORS = 3
LEAST_SHARE = 0.95
"""Of the wanted rate; below it the load that the gate is about was not there."""

_SEVERITY = (
    GateRuling.FAIL,
    GateRuling.INVALID,
    GateRuling.UNKNOWN,
    GateRuling.WARN,
    GateRuling.PASS,
)
_LATENCIES = ("p50", "p90", "p95", "p99", "max")


@dataclass(frozen=True, slots=True)
class Objective:
    """One number of a load test, and the limits that it must keep."""

    measure: str
    """`p50`, `p90`, `p95`, `p99`, `max`, `errorRate` or `throughput` (answers without error)."""
    passes: Threshold
    warns: Threshold | None = None
    endpoint: str | None = None
    """As the Locust file calls it, with or without its method; None: all requests together."""


DEFAULT_ERROR_RATE = Objective("errorRate", read_threshold("<1%"))
"""Holds where a load test says nothing of errors: fast errors are no proof of a fast service."""


def judge(
    gate: str,
    objectives: Sequence[Objective],
    measurement: Measurement | None,
    release: Digest,
    evidence: Digest | None = None,
) -> GateResult:
    """Say whether a release passes; the reasons are for people, the worst first."""

    def answer(
        ruling: GateRuling, reasons: Iterable[str], results: Sequence[ObjectiveResult] = ()
    ) -> GateResult:
        return GateResult(gate, release, ruling, tuple(reasons), tuple(results), evidence)

    if measurement is None:
        return answer(GateRuling.UNKNOWN, ["there is no measurement"])
    if not objectives:
        return answer(GateRuling.UNKNOWN, ["the load test has no objective"])
    if not any(o.measure == "errorRate" and o.endpoint is None for o in objectives):
        objectives = (*objectives, DEFAULT_ERROR_RATE)
    results = sorted(
        (_judge_objective(objective, measurement) for objective in objectives),
        key=lambda result: _SEVERITY.index(result.ruling),
    )
    problems = _problems(measurement)
    if problems:
        invalid = [_without_ruling(result) for result in results]
        return answer(GateRuling.INVALID, problems, invalid)
    worst = results[0].ruling
    reasons = [result.reason for result in results]
    errors = [] if worst == GateRuling.PASS else _errors(measurement)
    few, late, short = _few(measurement), _late(measurement), _short(measurement)
    if worst == GateRuling.FAIL and not (late and _passes_without_lag(objectives, measurement)):
        return answer(worst, [*reasons, *short, *errors], results)
    if few or late or short:
        return answer(GateRuling.INVALID, [*few, *late, *short, *reasons, *errors], results)
    return answer(worst, [*reasons, *errors], results)


def settle(results: Sequence[GateResult]) -> GateResult | None:
    """Give the answer of several runs of a gate, the oldest first; None: it is to be run again.

    One run that says fail may be the noise of a busy machine, so it is asked for again, and two of
    three decide. A run that proves nothing is asked for again, too; after some of them it stands.
    """
    proven = [r for r in results if r.ruling not in {GateRuling.INVALID, GateRuling.UNKNOWN}]
    failed = [r for r in proven if r.ruling == GateRuling.FAIL]
    passed = [r for r in proven if r.ruling != GateRuling.FAIL]
    if len(failed) >= MAJORITY:
        return _of_several(failed[-1], len(failed), len(proven))
    if passed and (not failed or len(passed) >= MAJORITY):
        return _of_several(passed[-1], len(passed), len(proven))
    if len(results) - len(proven) >= MOST_UNPROVEN:
        return next(r for r in reversed(results) if r not in proven)
    return None


def _of_several(result: GateResult, agreed: int, runs: int) -> GateResult:
    if runs == 1:
        return result
    return replace(result, reasons=(*result.reasons, f"{agreed} of {runs} runs say so"))


def _problems(measurement: Measurement) -> list[str]:
    """Say why the run proves nothing, whatever its numbers are."""
    total, cpu = measurement.total, measurement.generator_cpu
    found = []
    if not _are_numbers(
        measurement.offered_rate, measurement.achieved_rate, cpu, measurement.generator_lag
    ):
        found.append("the measurement has numbers that cannot be")
    if total.requests == 0:
        found += ["not one request was made", *_errors(measurement)]
    elif total.requests + total.omitted < FEWEST_REQUESTS:
        found += _few(measurement)
    if not cpu < BUSIEST_GENERATOR:
        found.append(
            f"the load generator was the bottleneck: it used {cpu:.0%} of its processor core"
        )
    if not found and _is_short(measurement) and not _is_held_up(measurement):
        found.append(
            f"only {_rates(measurement)} were made, though the service held nobody up:"
            " the load generator or its script was the cause"
        )
    return found


def _is_short(measurement: Measurement) -> bool:
    return not measurement.achieved_rate >= LEAST_SHARE * measurement.offered_rate


def _is_held_up(measurement: Measurement) -> bool:
    """Tell whether users who waited for the service explain the requests that are missing."""
    total = measurement.total
    if not total.requests:
        return False
    made_or_omitted = measurement.achieved_rate * (1 + total.omitted / total.requests)
    return made_or_omitted >= LEAST_SHARE * measurement.offered_rate


def _short(measurement: Measurement) -> list[str]:
    if not _is_short(measurement):
        return []
    reason = "the users waited for the service, so it was not seen under the load that is wanted"
    return [f"only {_rates(measurement)} were made: {reason}"]


def _few(measurement: Measurement) -> list[str]:
    """A service that hangs may fail on fewer requests, but none passes on them."""
    if measurement.total.requests >= FEWEST_REQUESTS:
        return []
    return [f"only {measurement.total.requests} requests were made; {FEWEST_REQUESTS} are needed"]


def _errors(measurement: Measurement) -> list[str]:
    return [f"{count} times: {text}" for text, count in measurement.errors[:SHOWN_ERRORS]]


def _late(measurement: Measurement) -> list[str]:
    if measurement.generator_lag < LATEST_GENERATOR:
        return []
    return [f"the load generator itself was late by {measurement.generator_lag:.0f} ms"]


def _rates(measurement: Measurement) -> str:
    return f"{measurement.achieved_rate:.1f} of {measurement.offered_rate:g} requests a second"


def _passes_without_lag(objectives: Sequence[Objective], measurement: Measurement) -> bool:
    """Tell whether nothing fails when the generator's own lateness is taken off."""
    lag = measurement.generator_lag
    return not any(
        _judge_objective(objective, measurement, lag=lag).ruling == GateRuling.FAIL
        for objective in objectives
    )


def _judge_objective(
    objective: Objective, measurement: Measurement, *, lag: float = 0.0
) -> ObjectiveResult:
    what = f"{objective.measure} of {objective.endpoint or 'all requests'}"
    wanted = objective.passes.text

    def result(measured: float | None, ruling: GateRuling, reason: str) -> ObjectiveResult:
        return ObjectiveResult(what, wanted, measured, ruling, reason)

    statistics = _find_statistics(objective.endpoint, measurement)
    if statistics is None or statistics.requests <= 0:
        return result(None, GateRuling.UNKNOWN, f"{what} is not known: no such request was made")
    measured = _measure(objective.measure, statistics, measurement)
    if measured is None:
        return result(None, GateRuling.UNKNOWN, f"{what} was not measured")
    reason = f"{what} is {_show(objective.measure, measured)}, wanted {wanted}"
    few = f"{reason}, but of {statistics.requests} requests; {FEWEST_REQUESTS} are needed"
    if statistics.requests + statistics.omitted < FEWEST_REQUESTS:
        return result(measured, GateRuling.INVALID, few)
    compared = max(0.0, measured - lag) if objective.measure in _LATENCIES else measured
    passes = objective.passes.holds(compared)
    warns = objective.warns is not None and objective.warns.holds(compared)
    if (passes or warns) and statistics.requests < FEWEST_REQUESTS:
        return result(measured, GateRuling.INVALID, few)
    if passes:
        return result(measured, GateRuling.PASS, reason)
    if objective.warns is not None:
        reason = f"{reason}, tolerated {objective.warns.text}"
    return result(measured, GateRuling.WARN if warns else GateRuling.FAIL, reason)


def _find_statistics(endpoint: str | None, measurement: Measurement) -> EndpointStatistics | None:
    if endpoint is None:
        return measurement.total
    if endpoint in measurement.endpoints:
        return measurement.endpoints[endpoint]
    named = [v for k, v in measurement.endpoints.items() if k.partition(" ")[2] == endpoint]
    return named[0] if len(named) == 1 else None


def _measure(
    measure: str, statistics: EndpointStatistics, measurement: Measurement
) -> float | None:
    """Give the number, corrected for coordinated omission where it is a latency."""
    if measure == "errorRate":
        found: float | None = statistics.failures / statistics.requests
    elif measure == "throughput":
        answered = statistics.requests - statistics.failures
        found = answered / measurement.seconds if measurement.seconds > 0 else None
    else:
        found = statistics.corrected.get(measure)
    return found if found is not None and _are_numbers(found) else None


_SHOW: dict[str, Callable[[float], str]] = {
    "errorRate": lambda share: f"{share * 100:.3g}%",
    "throughput": lambda rate: f"{rate:.1f}/s",
}


def _show(measure: str, measured: float) -> str:
    if measure in _SHOW:
        return _SHOW[measure](measured)
    return f"{measured:.1f} ms" if measured < 100 else f"{measured:.0f} ms"  # noqa: PLR2004


def _are_numbers(*values: float) -> bool:
    return all(math.isfinite(value) and value >= 0 for value in values)


def _without_ruling(result: ObjectiveResult) -> ObjectiveResult:
    """Show the number of an invalid run without drawing anything from it."""
    return ObjectiveResult(
        result.measure, result.wanted, result.measured, GateRuling.INVALID, result.reason
    )
