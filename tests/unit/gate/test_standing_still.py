"""A generator that stood still, or whose script is against its run, rules on no service."""

import time
from dataclasses import replace
from types import SimpleNamespace

import pytest

from controller.adapters.load_generator import script
from controller.adapters.load_generator.lateness import Lateness, latest
from controller.model.measurement import GateRuling
from controller.steps.gate.judge import Question, judge
from controller.steps.gate.objectives import Objective
from schemas.limits import read_limits
from tests.unit.gate.gate_measurements import RELEASE, healthy, measured

OPENS, CLOSES = 100.0, 110.0


def steps(*stops, until=CLOSES):
    """Take steps of a loop that stood still at `(when, seconds)`."""
    made, at = Lateness(OPENS, CLOSES), OPENS - 5.0
    left = list(stops)
    while at < until:
        late = left.pop(0)[1] if left and at >= left[0][0] else 0.0
        made.take(at, at + 0.01 + late)
        at += 0.01 + late
    return made.result()


def ruling(run, *objectives):
    wanted = objectives or (Objective("p95", read_limits("<200ms")),)
    return judge(Question("g", wanted, RELEASE), [run])


def test_a_stop_counts_for_all_the_time_that_it_took():
    found = steps((105.0, 2.0))
    assert found["stood_still"] == pytest.approx(2000)
    assert found["lags"]["p50"] < 1
    assert found["lags"]["p90"] == pytest.approx(1000, rel=0.05)  # a fifth of the time, up to 2 s
    assert found["lag_p95"] < 1  # of the steps it is one
    assert steps()["lags"]["max"] < 1


@pytest.mark.parametrize(
    ("stop", "is_felt"),
    [
        ((95.5, 2.0), False),  # long over when it begins to count
        ((97.5, 2.0), True),  # its users come late still
        ((99.0, 2.0), True),
        ((109.0, 2.0), True),
        ((111.0, 2.0), True),  # the last answers come late
    ],
)
def test_a_stop_is_seen_wherever_it_is_felt(stop, is_felt):
    assert (steps(stop, until=CLOSES + 3)["stood_still"] > 1000) is is_felt


def test_of_several_processes_the_latest_counts():
    found = latest([steps(), steps((105.0, 2.0))])
    assert found["stood_still"] == pytest.approx(2000)
    assert found["lags"]["max"] == pytest.approx(2000, rel=0.01)
    assert latest([]) == {"lag_p95": 0.0, "lags": {}, "stood_still": 0.0}


def test_a_generator_that_stood_still_proves_nothing_good_or_bad():
    for run in (healthy(), measured(lambda n: 0.9), measured(lambda n: 0.02, fails=lambda n: True)):
        result = ruling(replace(run, stood_still=1200.0))
        assert result.ruling == GateRuling.INVALID
        assert "stood still for 1.2 s" in result.reasons[0]


def test_a_percentile_that_fails_by_the_lateness_at_it_is_not_the_service_s():
    p99 = Objective("p99", read_limits("<200ms"))
    run = measured(lambda n: 0.3 if n % 40 == 0 else 0.02)
    lags = {"p95": 1.0, "p99": 280.0}
    assert ruling(run, p99).ruling == GateRuling.FAIL
    assert ruling(replace(run, generator_lag=1.0, generator_lags=lags), p99).ruling == "invalid"


def test_far_more_requests_than_were_wanted_are_told_beside_a_fail():
    run = replace(measured(lambda n: 0.9), achieved_rate=200.0)
    result = ruling(run)
    assert result.ruling == GateRuling.FAIL
    assert any("keeps no pace" in reason for reason in result.reasons)


class Hook:
    def __init__(self):
        self.listeners = []

    def add_listener(self, listener):
        self.listeners.append(listener)


@pytest.fixture
def environment():
    return SimpleNamespace(process_exit_code=None, events=SimpleNamespace(test_stopping=Hook()))


@pytest.fixture
def judgement(environment, monkeypatch):
    import logging

    monkeypatch.setattr(logging.getLogger(), "handlers", list(logging.getLogger().handlers))
    ended = []
    made = script.Judgement(environment, lambda: ended.append("end"))
    made.ended = ended
    return made


def test_a_script_that_is_content_says_nothing(judgement, environment):
    environment.process_exit_code = 0
    assert judgement.why_invalid() == ""


def test_what_a_script_says_by_locust_s_means_is_heard(judgement, environment, monkeypatch):
    import logging

    logging.getLogger().error("%s: \n%s", script.HANDLER_BROKE, "Traceback\nKeyError: 'colour'")
    assert judgement.why_invalid().endswith("raised KeyError: 'colour'")
    environment.process_exit_code = 3
    assert "`process_exit_code` to 3" in judgement.why_invalid()
    environment.events.test_stopping.listeners[0](environment=environment)
    assert (judgement.why_invalid(), judgement.ended) == (
        "the script itself ended the run",
        ["end"],
    )
    monkeypatch.setattr(time, "perf_counter", lambda: 5.0)
    assert "replaced `time.perf_counter`" in judgement.why_invalid()
