"""New runs beside those of promoted releases: the rule, its errors, and what is missing."""

import random
from dataclasses import replace

import pytest

from controller.model.measurement import GateRuling, Observation
from controller.steps.gate.baseline import Baseline, compare, is_broken
from controller.steps.gate.judge import Question, Score, judge
from controller.steps.gate.objectives import Objective
from controller.steps.gate.settle import answer
from controller.steps.gate.slow_drift import find_shift
from schemas.limits import read_limit, read_limits
from tests.unit.gate.gate_measurements import RELEASE, healthy, measured, with_total

P95 = Objective("p95", read_limits(["<300ms", "<=+5%"]), read_limits("<=+10%"))
NOISE = 0.05


def runs(*p95s):
    plain = healthy()
    return tuple(
        with_total(plain, corrected={**plain.total.corrected, "p95": float(p95)}) for p95 in p95s
    )


BASELINE = Baseline(runs(100, 102, 98, 101, 99))


def asked(*objectives, baseline=BASELINE, score=None):
    return Question("load", objectives or (P95,), RELEASE, baseline, score)


def test_a_release_like_the_last_ones_passes():
    result = judge(asked(), runs(101, 103, 99))
    assert result.ruling == GateRuling.PASS
    assert "+1.0% beside 100 ms in 5 runs of the baseline" in " ".join(result.reasons)


def test_more_than_the_limit_and_more_than_noise_is_a_fail_or_a_warning():
    assert judge(asked(), runs(120, 122, 118)).ruling == GateRuling.FAIL
    assert judge(asked(), runs(107, 108, 106)).ruling == GateRuling.WARN


def test_more_than_the_limit_that_noise_explains_is_no_fail_and_says_so():
    noisy = Baseline(runs(60, 140, 90, 110, 100))
    result = judge(asked(baseline=noisy), runs(140, 90, 110))
    assert result.ruling == GateRuling.PASS
    assert result.reasons[0] == (
        "p95 of all requests is 110 ms (113 ms in the mean), +13.3% beside 100 ms in 5 runs of the"
        " baseline, wanted <300ms and <=+5%,"
        " which is more, but no more than the noise of the runs explains"
    )
    within = judge(asked(baseline=noisy), runs(101, 100, 99)).reasons[0]
    assert within.endswith("wanted <300ms and <=+5%")
    tolerated = judge(asked(baseline=noisy), runs(290, 310, 305)).reasons[0]
    assert "noise" not in tolerated


def test_a_slowdown_that_two_of_three_runs_saw_is_a_fail():
    """Three runs that differ do not excuse themselves: by Welch's t this one would pass."""
    assert judge(asked(), runs(130, 101, 131)).ruling == GateRuling.FAIL
    assert judge(asked(), runs(101, 100, 160)).ruling == GateRuling.PASS


def test_an_absolute_limit_holds_beside_the_relative_one():
    slow = Baseline(runs(400, 402, 398))
    absolute = Objective("p95", read_limits(["<300ms", "<=+5%"]))
    assert judge(asked(absolute, baseline=slow), runs(400, 401, 399)).ruling == GateRuling.FAIL


def test_one_run_is_compared_with_the_spread_of_the_baseline():
    assert judge(asked(), runs(120)).ruling == GateRuling.FAIL
    assert judge(asked(), runs(102)).ruling == GateRuling.PASS
    wide = Baseline(runs(60, 140, 90, 110, 100))
    assert judge(asked(baseline=wide), runs(130)).ruling == GateRuling.PASS


def test_less_is_worse_for_throughput():
    wanted = Objective("throughput", read_limits(">=-5%"))
    base = Baseline((healthy(),) * 3)
    slower = measured(lambda n: 0.02, fails=lambda n: n % 5 == 0)
    errors = Objective("errorRate", read_limits("<50%"))
    assert judge(asked(wanted, errors, baseline=base), [slower]).ruling == GateRuling.FAIL
    assert judge(asked(wanted, errors, baseline=base), [healthy()]).ruling == GateRuling.PASS


def test_without_any_verified_release_absolute_limits_decide_and_it_is_said():
    first = Baseline(absent="no release was verified here yet")
    result = judge(asked(baseline=first), runs(101))
    assert result.ruling == GateRuling.PASS
    assert result.reasons[-1] == "nothing is compared: no release was verified here yet"
    assert judge(asked(baseline=first), runs(301, 301)).ruling == GateRuling.WARN


def test_a_baseline_that_is_missing_blocks_but_a_fail_stays_a_fail():
    gone = Baseline(missing="the measurement sha256:1 is gone")
    result = judge(asked(baseline=gone), runs(101))
    assert result.ruling == GateRuling.UNKNOWN
    assert "is gone" in result.reasons[0]
    absolute = Objective("p95", read_limits(["<100ms", "<=+5%"]))
    assert judge(asked(absolute, baseline=gone), runs(101)).ruling == GateRuling.FAIL
    assert judge(asked(baseline=Baseline()), runs(101)).ruling == GateRuling.UNKNOWN


def test_a_number_that_the_baseline_lacks_blocks_unless_that_is_allowed():
    memory = Objective("prometheus", read_limits(["<900", "<=+5%"]), name="memory")
    new = [replace(healthy(), observations=(Observation("memory", 500.0),))]
    assert judge(asked(memory), new).ruling == GateRuling.UNKNOWN
    forgiving = replace(BASELINE, is_forgiving=True)
    assert judge(asked(memory, baseline=forgiving), new).ruling == GateRuling.PASS


def test_an_observation_that_is_not_known_blocks_with_its_reason():
    memory = Objective("prometheus", read_limits("<900"), name="memory")
    for seen in ((), (Observation("memory", None, "the query gives no series"),)):
        result = judge(asked(memory), [replace(healthy(), observations=seen)])
        assert result.ruling == GateRuling.UNKNOWN
    assert "the query gives no series" in result.reasons[0]


def test_a_weighted_sum_decides_where_a_score_is_wanted():
    slow = Objective("p95", read_limits("<10ms"), weight=1)
    fine = Objective("p99", read_limits("<1s"), weight=3)
    errors = Objective("errorRate", read_limits("<1%"), weight=4)
    score = Score(90, 75)
    result = judge(asked(slow, fine, errors, score=score), runs(100))
    assert (result.ruling, result.score) == (GateRuling.WARN, 87.5)
    key = replace(slow, key=True)
    assert judge(asked(key, fine, errors, score=score), runs(100)).ruling == GateRuling.FAIL
    assert judge(asked(slow, errors, score=Score(80, 75)), runs(100)).ruling == GateRuling.PASS
    assert judge(asked(slow, errors, score=score), runs(100)).ruling == GateRuling.WARN


def test_of_several_runs_the_median_counts_and_one_that_proves_nothing_is_made_again():
    taken = list(runs(100, 250, 102))
    three = asked(Objective("p95", read_limits("<200ms")))
    assert answer(three, taken[:2], 3) is None
    assert answer(three, taken, 3).ruling == GateRuling.PASS
    busy = replace(taken[0], generator_cpu=0.99)
    assert answer(three, [busy, *taken[1:]], 3) is None
    assert answer(three, [busy, *taken[1:], taken[0]], 3).ruling == GateRuling.PASS
    assert answer(three, [busy] * 3, 3).ruling == GateRuling.INVALID


def test_a_missing_baseline_is_no_reason_to_load_again():
    gone = asked(baseline=Baseline(missing="it is gone"))
    for times in (1, 3):
        assert answer(gone, runs(100), times).ruling == GateRuling.UNKNOWN


def test_a_run_that_was_ended_early_fails_and_says_why():
    ended = replace(healthy(), ended_early="errorRate was above 5% for 10 s")
    result = judge(asked(Objective("p95", read_limits("<1s"))), [ended])
    assert result.ruling == GateRuling.FAIL
    assert "errorRate was above 5% for 10 s" in result.reasons[0]


@pytest.mark.parametrize(
    ("slower", "at_least", "at_most"), [(0.0, 0.0, 0.05), (0.1, 0.65, 1.0), (0.2, 0.99, 1.0)]
)
def test_three_runs_against_five_keep_both_errors_small(slower, at_least, at_most):
    """The run is the unit: 5 % noise from run to run, a limit of 5 %, seeds fixed."""
    source = random.Random(20261126)
    limit, trials = read_limit("<=+5%"), 400

    def run(worse=0.0):
        return 100 * (1 + worse) * (1 + source.gauss(0, NOISE))

    blocked = sum(
        is_broken(
            limit,
            compare([run(slower) for _ in range(3)], [run() for _ in range(5)], more_is_worse=True),
        )
        for _ in range(trials)
    )
    print(f"{slower:+.0%}: {blocked / trials:.1%} blocked")
    assert at_least <= blocked / trials <= at_most


def test_the_bound_is_that_of_student():
    from scipy import stats

    new, base = [110.0, 120.0, 118.0], [100.0, 104.0, 96.0, 103.0, 99.0]
    found = compare(new, base, more_is_worse=True)
    interval = stats.ttest_ind(new, base).confidence_interval(0.90)
    assert found.bound == pytest.approx(interval.low)
    alone = compare(new[:1], base, more_is_worse=True)
    spread = stats.tstd(base) * (1 + 1 / len(base)) ** 0.5
    assert alone.bound == pytest.approx(110 - 100.4 - stats.t.ppf(0.95, 4) * spread)


def drifting(count, began, *, step=0.0, level=0.0, seed=1):
    source = random.Random(seed)
    return [
        100 * (1 + (level if n >= began else 0) + step * max(0, n - began + 1))
        * (1 + source.gauss(0, 0.02))
        for n in range(count)
    ]  # fmt: skip


def test_a_level_that_rose_is_found_where_it_rose():
    shift = find_shift(drifting(20, 12, level=0.1), more_is_worse=True)
    assert shift is not None
    assert shift.began in {11, 12, 13}
    assert shift.change == pytest.approx(0.1, abs=0.03)
    assert find_shift(drifting(20, 12, level=-0.1), more_is_worse=True) is None
    assert find_shift(drifting(20, 12, level=-0.1), more_is_worse=False) is not None


def test_a_creep_is_found_that_no_single_step_shows():
    shift = find_shift(drifting(30, 8, step=0.01), more_is_worse=True)
    assert shift is not None
    assert shift.change > 0.1


def test_few_releases_and_noise_are_no_drift():
    assert find_shift(drifting(9, 4, level=0.5), more_is_worse=True) is None
    assert find_shift([100.0] * 30, more_is_worse=True) is None
    wrong = [n for n in range(200) if find_shift(drifting(30, 30, seed=n), more_is_worse=True)]
    print(f"{len(wrong)} of 200 steady histories are called drifting")
    assert len(wrong) <= 10


def test_noise_of_the_baseline_excuses_no_service_that_is_three_times_as_slow():
    """Two runs on a busy machine: the 95 % bound for them is wider than any slowdown."""
    noisy = Baseline(runs(9, 25))
    result = judge(asked(baseline=noisy), runs(57))
    assert result.ruling == GateRuling.UNKNOWN
    assert "make more runs" in result.reasons[0]
    assert judge(asked(baseline=noisy), runs(20)).ruling == GateRuling.PASS
    tolerant = replace(P95, warns=read_limits("<=+300%"))
    assert judge(asked(tolerant, baseline=noisy), runs(57)).ruling == GateRuling.WARN


def test_a_share_of_errors_that_doubles_by_noise_is_excused():
    rare = Objective("errorRate", read_limits("<=+10%"))
    base = Baseline(tuple(with_total(healthy(), failures=n) for n in (0, 0, 3, 1, 0)))
    assert judge(asked(rare, baseline=base), [with_total(healthy(), failures=2)]).ruling == "pass"
