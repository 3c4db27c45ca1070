"""What is missing never passes, and worse numbers never improve the ruling."""

import math
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from controller.model.measurement import EndpointStatistics, GateRuling, Measurement
from controller.steps.gate.judge import Question, judge
from controller.steps.gate.objectives import Objective
from schemas.limits import read_limits
from tests.unit.gate.gate_measurements import RELEASE

ORDER = [GateRuling.PASS, GateRuling.WARN]
P95 = Objective("p95", read_limits("<150ms"), read_limits("<200ms"))
P99 = Objective("p99", read_limits("<400ms"))
ERRORS = Objective("errorRate", read_limits("<1%"), read_limits("<3%"))
THROUGHPUT = Objective("throughput", read_limits(">20/s"))
OBJECTIVES = st.lists(
    st.sampled_from([P95, P99, ERRORS, THROUGHPUT]), min_size=1, max_size=4, unique=True
)
milliseconds = st.floats(0, 600)


@st.composite
def measurements(draw):
    requests = draw(st.integers(0, 500))
    p95 = draw(milliseconds)
    latencies = {"p95": p95, "p99": p95 + draw(milliseconds)}
    total = EndpointStatistics(
        requests=requests,
        failures=draw(st.integers(0, min(requests, 20))),
        raw=latencies,
        corrected=latencies,
        omitted=draw(st.integers(0, 100)),
    )
    return Measurement(
        load_test="t",
        target="",
        started_at=0.0,
        seconds=10.0,
        offered_rate=40.0,
        achieved_rate=requests / 10,
        generator_cpu=draw(st.floats(0, 1.2)),
        total=total,
        endpoints={},
        generator_lag=draw(st.floats(0, 100)),
    )


def rank(ruling):
    """0 pass, 1 warn, 2 blocked."""
    return ORDER.index(ruling) if ruling in ORDER else 2


def judged(objectives, measurement):
    return judge(Question("g", tuple(objectives), RELEASE), [measurement])


@st.composite
def worse(draw, measurement):
    total = measurement.total
    more = draw(st.floats(0, 300))
    fewer = draw(st.integers(0, total.requests))
    total = replace(
        total,
        corrected={k: v + more for k, v in total.corrected.items()},
        requests=total.requests - fewer,
        failures=min(total.failures + draw(st.integers(0, 20)), total.requests - fewer),
    )
    if total.requests and measurement.total.requests:
        kept = measurement.total.failures / measurement.total.requests
        total = replace(total, failures=max(total.failures, math.ceil(kept * total.requests)))
    return replace(
        measurement,
        total=total,
        achieved_rate=total.requests / 10,
        generator_cpu=measurement.generator_cpu + draw(st.floats(0, 0.5)),
        generator_lag=measurement.generator_lag + draw(st.floats(0, 50)),
    )


@settings(deadline=None)
@given(st.data(), OBJECTIVES)
def test_worse_numbers_never_improve_the_ruling(data, objectives):
    before = data.draw(measurements())
    after = data.draw(worse(before))
    assert rank(judged(objectives, after).ruling) >= rank(judged(objectives, before).ruling)


@settings(deadline=None)
@given(measurements(), OBJECTIVES, st.sampled_from(["p95", "p99"]))
def test_a_missing_percentile_that_is_asked_for_never_passes(measurement, objectives, missing):
    total = measurement.total
    kept = {k: v for k, v in total.corrected.items() if k != missing}
    result = judged(objectives, replace(measurement, total=replace(total, corrected=kept)))
    if any(o.measure == missing for o in objectives):
        assert not result.ruling.lets_through


@settings(deadline=None)
@given(measurements(), OBJECTIVES, st.sampled_from([math.nan, math.inf, -1.0]))
def test_numbers_that_cannot_be_never_pass(measurement, objectives, wrong):
    for change in ("generator_cpu", "generator_lag", "achieved_rate", "offered_rate"):
        result = judged(objectives, replace(measurement, **{change: wrong}))
        assert not result.ruling.lets_through, change


@settings(deadline=None)
@given(measurements(), OBJECTIVES)
def test_the_reasons_start_with_the_worst_and_are_never_empty(measurement, objectives):
    result = judged(objectives, measurement)
    assert result.reasons and all(result.reasons)
    if result.ruling == GateRuling.FAIL:
        failed = [o.reason for o in result.objectives if o.ruling == GateRuling.FAIL]
        assert result.reasons[: len(failed)] == tuple(failed)


@settings(deadline=None)
@given(measurements(), OBJECTIVES)
def test_few_requests_never_pass(measurement, objectives):
    if measurement.total.requests < 50:
        assert not judged(objectives, measurement).ruling.lets_through
