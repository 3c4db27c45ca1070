"""Gunther's law from measured runs, and what is enough until when."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from controller.diagnostics.errors import Stalled
from controller.model.capacity import Headroom, Run, Until
from controller.model.forecast import Answers, Backtest, Forecast
from controller.model.forecast_chart import chart, tried, values
from controller.model.series import Every
from controller.steps.capacity import capacity, headroom
from controller.steps.forecast.forecast import conclude, prepare
from controller.steps.forecast.regular import series_of
from controller.steps.load_profile import stages
from controller.steps.usl import fit, throughput
from schemas.kinds.capacity_plan import CapacityPlan
from schemas.kinds.load_profile import LoadProfileSpec
from tests.unit.forecast.traffic import daily, document, wobble

LAW = (40.0, 0.05, 0.002)
LOADS = (1, 2, 4, 8, 12, 16)


def runs(loads: tuple[int, ...] = LOADS, noise: float = 0.04) -> list[Run]:
    return [Run(n, throughput(LAW, n) * (1 + noise * wobble(n))) for n in loads]


def forecast(growth: float = 0.002, **spec: object) -> Forecast:
    wanted = document(metric="requestRate", horizon="180d", **spec)
    trial = prepare(daily(300, growth=growth), wanted.spec)
    return conclude(wanted, trial, Answers(problem="none here"))


def plan(**spec: object) -> CapacityPlan:
    given = {
        "forecast": "traffic", "stack": "api", "environment": "production", "input": "replicas",
        "runs": [{"concurrency": 1, "rate": 1}], "choices": [
            {"value": 1, "price": 10}, {"value": 2, "price": 20}, {"value": 60, "price": 600},
        ], **spec,
    }  # fmt: skip
    return CapacityPlan.model_validate(
        {
            "apiVersion": "platform/v1", "kind": "CapacityPlan",
            "metadata": {"name": "size", "product": "shop"}, "spec": given,
        }
    )  # fmt: skip


def test_the_highest_rate_is_found_within_fifteen_percent_from_loads_below_it() -> None:
    true = max(throughput(LAW, n) for n in range(1, 100))
    found = fit(runs())
    assert found.most.mid == pytest.approx(true, rel=0.15)
    assert found.most.low <= found.most.mid <= found.most.high
    assert not found.is_lower_bound


# SPEC SDM 91 on a SPARCcenter 2000, and a ray tracer, as Gunther's book and the R package usl have
# them; that package fits absolute errors: 1,884 at 96.5 at once, and sigma 0.0578 with kappa 0.
SDM91 = (
    (1, 64.9), (18, 995.9), (36, 1652.4), (72, 1853.2), (108, 1828.9), (144, 1775.0), (216, 1702.2),
)  # fmt: skip
RAYTRACER = (
    (1, 20), (4, 78), (8, 130), (12, 170), (16, 190), (20, 200), (24, 210), (28, 230), (32, 260),
    (48, 280), (64, 310),
)  # fmt: skip


def test_published_measurements_give_what_was_published() -> None:
    found = fit([Run(*each) for each in SDM91])
    assert found.most.mid == pytest.approx(1884, rel=0.05)
    assert found.at_concurrency == pytest.approx(96.5, rel=0.1)
    assert found.most.low < 1853.2 < found.most.high
    assert found.contention == pytest.approx(0.0277, abs=0.015)
    assert found.coherency == pytest.approx(1.044e-4, rel=0.15)
    traced = fit([Run(*each) for each in RAYTRACER])
    assert traced.contention == pytest.approx(0.0578, rel=0.05)
    assert traced.alone == pytest.approx(21.85, rel=0.05)
    assert traced.coherency < 1e-5


def test_the_highest_rate_is_foretold_from_the_loads_before_it() -> None:
    found = fit([Run(*each) for each in SDM91[:4]])
    assert found.most.mid == pytest.approx(1853.2, rel=0.15)


def test_nothing_is_said_of_loads_far_beyond_those_that_were_measured() -> None:
    found = fit([Run(*each) for each in RAYTRACER])
    assert found.at_concurrency == pytest.approx(1.5 * 64)
    assert 310 < found.most.mid < 335  # the law alone would go on to 378
    assert "nothing is said of more" in found.notes[0]
    scattered = fit([Run(1, 20), Run(4, 78), Run(8, 70), Run(12, 170)])
    assert any("leave it open" in note for note in scattered.notes)


def test_a_limit_of_time_is_kept() -> None:
    found = fit(runs(), max_latency=0.05)
    assert found.at_concurrency / found.most.mid <= 0.05 + 1e-9
    assert found.most.mid < fit(runs()).most.mid


def test_without_saturation_what_was_measured_is_a_lower_bound() -> None:
    found = fit([Run(n, 40.0 * n) for n in (1, 2, 3, 4)])
    assert found.is_lower_bound
    assert found.most.mid == 160.0
    assert "no saturation" in found.notes[0]


def test_too_few_loads_are_refused() -> None:
    with pytest.raises(Stalled, match="too few"):
        fit([Run(1, 40), Run(1, 41), Run(2, 70), Run(4, 120)])


def test_the_cheapest_that_is_enough_is_chosen_with_the_day_it_is_used_up() -> None:
    found = capacity(plan(), forecast(), fit(runs()), 1, forecast().days[0].day)
    assert (found.present, found.chosen) == (1, 60)
    assert found.is_change
    one, _, most = found.choices
    assert not one.is_enough
    assert one.until.earliest is not None
    assert one.until.mid is None or one.until.earliest <= one.until.mid
    assert most.until.mid is None
    assert any("contention" in note for note in found.notes)


def test_nothing_is_chosen_when_nothing_is_enough_or_nothing_is_known() -> None:
    small = plan(choices=[{"value": 1, "price": 1}])
    found = capacity(small, forecast(), fit(runs()), 1, forecast().days[0].day)
    assert found.chosen is None
    assert not found.is_change
    late = forecast().days[-1].day + timedelta(days=1)
    assert capacity(plan(), forecast(), fit(runs()), 1, late).chosen is None


def test_headroom_is_told_in_times_of_today_and_with_a_month() -> None:
    grown = forecast()
    last = grown.days[-1].rate.mid
    found = headroom(grown, last * 0.98)
    assert found.until.mid is not None
    assert str(found).startswith("passes up to ")
    assert f"{found.until.mid:%B %Y}" in str(found)
    assert str(headroom(grown, grown.days[-1].rate.high * 100)).endswith(
        f"; the forecast, which ends in {grown.days[-1].day:%B %Y}, does not reach that"
    )
    assert "nothing of the load that is there already" in str(headroom(grown, grown.today.mid / 2))
    sooner = Headroom(610.0, 2.13, Until(date(2027, 3, 9), date(2027, 1, 4), None))
    assert str(sooner) == (
        "passes up to 2.1 times today's peak (610 requests a second); the forecast reaches that "
        "in March 2027, at the earliest in January 2027"
    )


def test_a_profile_goes_up_to_the_peak_to_come_and_beyond_it() -> None:
    made = forecast()
    spec = LoadProfileSpec.model_validate(
        {"forecast": "traffic", "share": 0.5, "headroom": 1.5, "ramp": "50s", "hold": "2m"}
    )
    found = stages(made, spec, made.days[0].day)
    peak = 0.5 * max(day.rate.high for day in made.days[:91])
    assert [length for _, length in found] == [10.0] * 5 + [120.0, 60.0]
    assert found[0][0] == pytest.approx(0.5 * made.today.mid, abs=1e-3)
    assert found[5][0] == pytest.approx(peak, abs=1e-3)
    assert found[6][0] == pytest.approx(1.5 * peak, abs=1e-3)
    with pytest.raises(Stalled, match="says nothing"):
        stages(made, spec, made.days[-1].day + timedelta(days=1))


def test_a_picture_escapes_every_word_and_needs_no_style() -> None:
    hostile = '<script>alert("1")</script>'
    day = str(forecast().days[9].day)
    made = forecast(events=[{"date": day, "factor": 2, "reason": hostile}])
    drawn = chart(replace(made, name=hostile), [(hostile, 500.0)])
    assert "<script" not in drawn
    assert "style" not in drawn
    assert drawn.count("&lt;script&gt;") == 4
    assert "times those of the seasonal naive" in drawn
    assert chart(replace(made, days=()))


def test_what_a_painter_gets_says_the_same() -> None:
    day = forecast().days[9].day
    made = forecast(events=[{"date": str(day), "factor": 2, "reason": "sale"}])
    told = values(made, [("3 replicas", 500.0)])
    assert [line.label for line in told.lines] == ["forecast", "history", "3 replicas"]
    assert [(low, high) for _, low, high in told.band] == [
        (each.rate.low, each.rate.high) for each in made.days
    ]
    assert told.marks == (((day - date(1970, 1, 1)).days, "sale"),)
    assert tried(made) == told.note
    assert "which is a guess" in tried(replace(made, backtest=Backtest(0, 7)))


def test_points_of_a_source_become_a_series_or_a_reason() -> None:
    start = Every.DAY.instant(daily().first)
    points = [(start + timedelta(hours=n), 2.0) for n in range(48)]
    assert series_of(points, "UTC").values == (2.0,) * 48
    finer = [(start + timedelta(minutes=30 * n), 2.0) for n in range(48)]
    assert series_of(finer, "UTC").values == (4.0,) * 24
    assert series_of(finer, "UTC", is_rate=True).values == (2.0,) * 24
    for wrong in ([], [(start, float("nan"))] * 20, [(at, -1.0) for at, _ in points]):
        with pytest.raises(Stalled):
            series_of(wrong, "UTC")
    with pytest.raises(Stalled, match="missing"):
        series_of([*points[:8], *[(at + timedelta(days=9), 1.0) for at, _ in points[:8]]], "UTC")
