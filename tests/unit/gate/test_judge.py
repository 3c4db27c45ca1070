"""What the gate says of good, bad, invalid and missing measurements."""

import math
from dataclasses import replace

import pytest

from controller.model.measurement import (
    EndpointStatistics,
    GateResult,
    GateRuling,
    Measurement,
    Part,
)
from controller.steps.gate.judge import Question
from controller.steps.gate.judge import judge as judge_runs
from controller.steps.gate.objectives import Objective
from controller.steps.gate.settle import settle
from schemas.limits import read_limits
from tests.unit.gate.gate_measurements import RELEASE, healthy, measured, with_total


def objective(measure, passes, warns=None, endpoint=None):
    limits = [read_limits(text) if text else () for text in (passes, warns)]
    return Objective(measure, *limits, endpoint)


def judge(gate, objectives, measurement, release):
    question = Question(gate, tuple(objectives), release)
    return judge_runs(question, [measurement] if measurement else [])


P95 = objective("p95", "<150ms", "<200ms")
ERRORS = objective("errorRate", "<1%")


def ruling(measurement, *objectives):
    return judge("shop-load", objectives or (P95, ERRORS), measurement, RELEASE).ruling


def test_a_fast_service_without_errors_passes():
    result = judge("shop-load", (P95, ERRORS), healthy(), RELEASE)
    assert result.ruling == GateRuling.PASS
    assert (result.gate, result.release) == ("shop-load", RELEASE)
    assert [o.ruling for o in result.objectives] == [GateRuling.PASS] * 2
    assert result.reasons[0] == "p95 of all requests is 20.0 ms, wanted <150ms"


def test_between_the_two_limits_it_warns():
    assert ruling(healthy(0.17)) == GateRuling.WARN


def test_beyond_both_limits_it_fails_and_says_why_first():
    result = judge("shop-load", (ERRORS, P95), healthy(0.198), RELEASE)
    assert result.ruling == GateRuling.WARN
    result = judge("shop-load", (ERRORS, P95), measured(lambda n: 0.25), RELEASE)
    assert result.ruling == GateRuling.FAIL
    assert result.reasons[0] == "p95 of all requests is 250 ms, wanted <150ms, tolerated <200ms"


def test_no_measurement_is_unknown():
    assert ruling(None) == GateRuling.UNKNOWN


def test_no_objective_is_unknown():
    assert judge("shop-load", (), healthy(), RELEASE).ruling == GateRuling.UNKNOWN


def test_an_endpoint_that_nobody_called_is_unknown():
    assert ruling(healthy(), objective("p95", "<150ms", None, "GET /x")) == GateRuling.UNKNOWN


def test_an_endpoint_may_be_named_with_or_without_its_method():
    for name in ("GET /products", "/products"):
        assert ruling(healthy(), objective("p95", "<150ms", None, name)) == GateRuling.PASS


def test_an_endpoint_with_too_few_requests_does_not_pass():
    rare = EndpointStatistics(9, 0, {"p95": 5.0}, {"p95": 5.0})
    measurement = healthy()
    measurement = replace(measurement, endpoints={**measurement.endpoints, "POST /orders": rare})
    assert ruling(measurement, objective("p95", "<9ms", None, "/orders")) == GateRuling.INVALID


def test_a_percentile_that_was_not_measured_is_unknown():
    assert ruling(with_total(healthy(), corrected={"p50": 1.0})) == GateRuling.UNKNOWN
    assert ruling(with_total(healthy(), corrected={"p95": math.nan})) == GateRuling.UNKNOWN


def test_a_busy_generator_is_invalid_whatever_was_measured():
    for measurement in (healthy(), measured(lambda n: 0.9)):
        assert ruling(replace(measurement, generator_cpu=0.93)) == GateRuling.INVALID
        assert ruling(replace(measurement, generator_cpu=math.nan)) == GateRuling.INVALID


def test_a_generator_that_did_not_offer_the_load_is_invalid():
    result = judge("g", (P95,), replace(healthy(), achieved_rate=30.0), RELEASE)
    assert result.ruling == GateRuling.INVALID
    assert "the load generator or its script was the cause" in result.reasons[0]


def test_users_that_wait_for_a_slow_service_are_the_service_s_fault():
    measurement = measured(lambda n: 0.9)
    assert measurement.achieved_rate < 0.5 * measurement.offered_rate
    assert ruling(measurement) == GateRuling.FAIL


def test_a_pass_at_less_than_the_wanted_load_is_no_pass():
    lenient = objective("p95", "<2s")
    assert ruling(measured(lambda n: 0.9), lenient) == GateRuling.INVALID


def test_a_late_generator_is_invalid_unless_the_service_fails_without_the_lateness():
    assert ruling(replace(healthy(), generator_lag=80.0)) == GateRuling.INVALID
    assert ruling(replace(healthy(0.19), generator_lag=80.0)) == GateRuling.INVALID
    assert ruling(replace(measured(lambda n: 0.24), generator_lag=80.0)) == GateRuling.INVALID
    assert ruling(replace(measured(lambda n: 0.9), generator_lag=80.0)) == GateRuling.FAIL


def test_throughput_counts_answers_without_error():
    assert ruling(healthy(), objective("throughput", ">38/s")) == GateRuling.PASS
    failing = measured(lambda n: 0.02, fails=lambda n: n % 10 == 0)
    wanted = objective("throughput", ">38/s")
    assert ruling(failing, wanted, objective("errorRate", "<50%")) == GateRuling.FAIL


def test_errors_count_even_where_no_objective_speaks_of_them():
    refused = measured(lambda n: 0.001, fails=lambda n: True)
    result = judge("g", (P95,), refused, RELEASE)
    assert result.ruling == GateRuling.FAIL
    assert result.reasons[0] == "errorRate of all requests is 100%, wanted <1%"
    assert result.reasons[-1].endswith("times: GET /x: 500")


@pytest.mark.parametrize(
    ("mutation", "measurement"),
    {
        "50 ms more in a tenth of the calls": measured(
            lambda n: 0.18 if n % 10 == 0 else 0.13, rate=40.0
        ),
        "a freeze of 2 s in 10": measured(lambda n: 0.004, freeze=(4.0, 6.0)),
        "one call in a hundred fails": measured(lambda n: 0.02, fails=lambda n: n % 100 == 0),
        "a dead generator": None,
        "an empty result": measured(lambda n: 0.02, seconds=0.0001, rate=1e-6),
        "a service that hangs": measured(lambda n: 13.0),
        "a generator that stopped half way": replace(healthy(), achieved_rate=20.0),
    }.items(),
)
def test_mutations_are_blocked(mutation, measurement):
    strict = objective("p95", "<150ms")
    result = judge("shop-load", (strict, ERRORS), measurement, RELEASE)
    assert not result.ruling.lets_through, mutation
    assert result.reasons


def test_a_service_that_hangs_fails_though_few_requests_were_made():
    assert ruling(measured(lambda n: 13.0)) == GateRuling.FAIL


def test_a_freeze_that_raw_percentiles_do_not_show_fails():
    frozen = measured(lambda n: 0.004, freeze=(4.0, 6.0), rate=40.0)
    assert frozen.total.raw["p95"] < 150 < frozen.total.corrected["p95"]
    assert ruling(frozen) == GateRuling.FAIL


def _answers(*rulings: str) -> list[GateResult]:
    return [
        GateResult("load", RELEASE, GateRuling(ruling), (f"run {n}",))
        for n, ruling in enumerate(rulings)
    ]


@pytest.mark.parametrize(
    ("rulings", "settled"),
    [
        ((), None),
        (("pass",), "pass"),
        (("warn",), "warn"),
        (("fail",), None),
        (("fail", "fail"), "fail"),
        (("fail", "pass"), None),
        (("fail", "pass", "pass"), "pass"),
        (("fail", "pass", "fail"), "fail"),
        (("invalid",), None),
        (("invalid", "pass"), "pass"),
        (("invalid", "fail"), None),
        (("invalid", "unknown", "invalid"), "invalid"),
        (("fail", "invalid", "invalid", "invalid"), "invalid"),
    ],
)
def test_one_fail_is_asked_for_again_and_two_of_three_decide(rulings, settled) -> None:
    found = settle(_answers(*rulings))
    assert (found.ruling if found else None) == settled


def _in_parts(*made: int, wanted: float = 80.0) -> Measurement:
    return replace(healthy(), parts=tuple(Part(wanted, one) for one in made))


def test_a_run_whose_requests_end_early_is_no_pass_whatever_their_sum():
    assert ruling(_in_parts(80, 80, 79, 80, 81)) == GateRuling.PASS
    result = judge("g", (P95,), _in_parts(200, 200, 0, 0, 0), RELEASE)
    assert result.ruling == GateRuling.INVALID
    assert result.reasons[0] == "only 0 of 80 requests were made in part 3 of the 5 of its time"
    assert ruling(_in_parts(800, 800, 800, 800, 100)) == GateRuling.INVALID
    assert ruling(replace(_in_parts(80, 0, 0, 0, 0), ended_early="errors")) == GateRuling.FAIL
