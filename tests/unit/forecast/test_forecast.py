"""Candidates are tried on the past; nothing worse than the seasonal naive is chosen."""

import math
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.model.forecast import SEASONAL_NAIVE, Answers, Forecast, Question
from controller.model.series import Every, Series
from controller.steps.forecast.backtest import Fold, can_choose, scores
from controller.steps.forecast.blend import weighted, with_blend
from controller.steps.forecast.bounds import bounds, quantile
from controller.steps.forecast.damped import damped
from controller.steps.forecast.forecast import conclude, prepare
from controller.steps.forecast.levels import levelled
from controller.steps.forecast.light import candidates, cycle, held
from controller.steps.forecast.usual_peaks import with_usual_peaks
from tests.unit.forecast.traffic import FIRST, WEEK, daily, document, hourly, wobble


def made(series: Series, answers: Answers | None = None, **spec: object) -> Forecast:
    wanted = document(**{"horizon": "28d", **spec})
    trial = prepare(series, wanted.spec)
    return conclude(wanted, trial, answers or Answers(problem="none here"))


def chosen(forecast: Forecast) -> float:
    return next(each.rmase for each in forecast.backtest.scores if each.is_chosen)


def test_the_chosen_candidate_is_better_than_how_it_was_a_week_ago() -> None:
    forecast = made(daily())
    assert chosen(forecast) < 0.9
    assert forecast.chosen != SEASONAL_NAIVE
    assert forecast.backtest.folds == 6


def test_when_nothing_is_better_the_naive_is_used_and_that_is_said() -> None:
    forecast = made(daily(noise=0.0))
    assert forecast.chosen == SEASONAL_NAIVE
    assert chosen(forecast) == 1.0
    assert any("nothing was better" in note for note in forecast.notes)
    assert [round(day.peak.mid) for day in forecast.days[:7]] == [
        round(WEEK[(200 + n) % 7]) for n in range(7)
    ]


def test_the_same_numbers_give_the_same_forecast() -> None:
    assert made(hourly()) == made(hourly())


def test_a_model_that_is_far_better_on_the_past_leads() -> None:
    series = daily()
    trial = prepare(series, document(horizon="28d").spec)
    whole = daily(228)
    truth = tuple(
        {"ets": whole.values[end : end + question.horizon]}
        for question, end in zip(trial.questions, (*trial.ends, 200), strict=True)
    )
    forecast = made(series, Answers(truth, (("oracle", "1"),)))
    assert forecast.chosen.startswith("ets + ")
    # It won all six folds, and each of them moved weight from the naive, which begins with 1/8.
    assert 0 < chosen(forecast) < 0.1
    assert forecast.versions == (("oracle", "1"),)


def test_what_is_right_but_for_the_peaks_is_not_taken() -> None:
    day = (*[10.0] * 12, 50.0, *[10.0] * 11)
    said = {
        SEASONAL_NAIVE: tuple(value + 1 for value in day) * 7,
        "ets": tuple(min(value, 40.0) for value in day) * 7,
    }
    fold = Fold(Question(day * 14, (24, 168), 168), said, day * 7, 24)
    tried, now = with_blend([fold] * 6, said)
    assert now == said
    ets = next(each for each in scores(tried, now) if each.candidate == "ets")
    assert ets.rmase < 1 < ets.peaks
    assert not ets.is_chosen


def test_two_that_are_off_to_both_sides_complete_each_other() -> None:
    said = {SEASONAL_NAIVE: (109.0,) * 7, "ets": (110.0,) * 7, "mstl": (90.0,) * 7}
    fold = Fold(Question((100.0,) * 60, (7,), 7), said, (100.0,) * 7)
    tried, now = with_blend([fold] * 6, said)
    blend = next(each for each in scores(tried, now) if each.is_chosen)
    assert {"ets", "mstl"} < set(blend.candidate.split(" + "))
    assert blend.rmase < 0.4


def test_a_damped_slope_follows_growth_and_does_not_run_away() -> None:
    for rises in (1.0, -0.5):
        values = tuple(value + 100 + rises * n for n, value in enumerate(WEEK * 12))
        said = damped(values, 7, 28)
        first, last = (sum(part) / 7 for part in (said[:7], said[-7:]))
        level = sum(values[-7:]) / 7
        assert 2 < (first - level) / rises < 10
        assert 0 < (last - first) / rises < 21
        assert said[5] < said[0]


def test_too_few_folds_choose_nothing() -> None:
    forecast = made(daily(60), backtest={"folds": 3, "horizon": "14d"})
    assert (forecast.backtest.folds, forecast.chosen) == (3, SEASONAL_NAIVE)
    assert any("room for 3 folds" in note for note in forecast.notes)


@pytest.mark.parametrize("broken", [math.nan, math.inf])
def test_an_answer_that_is_no_number_counts_for_nothing(broken: float) -> None:
    trial = prepare(daily(), document(horizon="28d").spec)
    answers = tuple({"ets": (broken,) * question.horizon} for question in trial.questions)
    forecast = made(daily(), Answers(answers))
    assert "ets" not in {each.candidate for each in forecast.backtest.scores}


def test_upper_bounds_cover_the_peaks_of_folds_that_were_left_out() -> None:
    for series in (daily(), hourly()):
        forecast = made(series)
        assert forecast.backtest.coverage is not None
        assert forecast.backtest.coverage >= 0.93
        assert forecast.backtest.oversizing is not None
        assert forecast.backtest.oversizing <= 2.0
        assert all(day.peak.low <= day.peak.mid <= day.peak.high for day in forecast.days)


def test_bounds_widen_beyond_what_was_tested() -> None:
    forecast = made(daily(), horizon="120d")
    first, last = forecast.days[0].peak, forecast.days[-1].peak
    assert last.high / last.mid > first.high / first.mid
    assert any("tested up to 28" in note for note in forecast.notes)


@pytest.mark.parametrize("count", [8, 12, 20])
def test_a_short_series_says_what_it_cannot(count: int) -> None:
    forecast = made(replace(daily(), values=daily().values[:count]))
    assert len(forecast.days) == 28
    if count < 14:
        assert any("fewer than two seasons" in note for note in forecast.notes)
        assert any("half and twice" in note for note in forecast.notes)


@pytest.mark.parametrize("value", [0.0, 7.0])
def test_a_series_that_never_changes_stays_as_it_is(value: float) -> None:
    forecast = made(Series(Every.DAY, FIRST, (value,) * 100))
    assert {(d.peak.low, d.peak.mid, d.peak.high) for d in forecast.days} == {(value,) * 3}


def test_a_growth_plan_and_events_multiply_and_are_shown() -> None:
    plain = made(daily())
    days = [day.day for day in plain.days]
    event = {"date": str(days[3]), "factor": 2.5, "reason": "sale"}
    forecast = made(daily(), growth={f"{days[0]:%Y-%m}": "+40%"}, events=[event])
    assert forecast.days[0].factor == pytest.approx(1.4)
    assert forecast.days[3].factor == pytest.approx(3.5)
    assert forecast.days[0].peak.mid == pytest.approx(1.4 * plain.days[0].peak.mid)
    assert forecast.happenings[0].reason == "sale"


def test_an_event_of_the_past_is_taken_out_before_anything_is_learned() -> None:
    values = list(daily().values)
    values[195] *= 10
    day = daily().at(195).date()
    event = {"date": str(day), "factor": 10, "reason": "on television"}
    forecast = made(replace(daily(), values=tuple(values)), events=[event])
    assert [day.peak for day in forecast.days] == [day.peak for day in made(daily()).days]
    assert dict(forecast.history)[day] == values[195]


def test_one_wild_number_at_the_end_is_not_said_again_each_week() -> None:
    values = (*daily().values[:-1], 1e6)
    forecast = made(replace(daily(), values=values))
    assert max(day.peak.high for day in forecast.days) < 1_000
    assert any("newest numbers" in note for note in forecast.notes)
    assert forecast.history[-1][1] == 1e6
    lasting = made(replace(daily(), values=(*daily().values[:-7], *[5_000.0] * 7)))
    assert not any("newest numbers" in note for note in lasting.notes)


def test_a_jump_of_the_level_is_believed_after_a_week() -> None:
    values = daily().values
    jumped = (*values[:180], *(value * 1.8 for value in values[180:]))
    moved = levelled(jumped, 7)
    assert min(moved[:179]) > 1.6 * min(values[:179])
    assert levelled(values, 7) == values
    grows = daily(growth=0.01).values
    assert levelled(grows, 7) == grows


def test_no_candidate_changes_a_season_more_than_seasons_ever_changed() -> None:
    values = tuple(100.0 * (1.2 if n // 7 % 2 else 1.0) for n in range(42))
    wild = held((1_000.0,) * 10, values, 7)
    assert wild == pytest.approx([120 * 1.2] * 7 + [120 * 1.2**2] * 3)
    assert held((1.0,) * 7, values, 7) == pytest.approx([100.0] * 7)
    assert held((130.0,) * 7, values, 7) == (130.0,) * 7
    assert held((1_000.0,) * 7, values[:28], 7) == (1_000.0,) * 7


def test_an_odd_end_is_neither_said_again_nor_taken_for_lasting() -> None:
    question = Question((*(WEEK * 8), *(1.15 * value for value in WEEK)), (7,), 28)
    assert candidates(question)["seasonal-median"] == WEEK * 4
    hours = tuple(value for value in WEEK for _ in range(24))
    twice = tuple(2 * value for value in hours[-24:])
    question = Question((*(hours * 9)[:-24], *twice), (24, 168), 4 * 168)
    said = candidates(question)["reverting-profile"]
    assert said[0] > 1.5 * WEEK[0]
    assert said[-1] == pytest.approx(WEEK[6], rel=0.15)
    assert candidates(question)["profile"][6 * 24] < 1.3 * WEEK[6]


def test_a_level_that_comes_and_goes_within_days_does_not_last_a_month() -> None:
    values, away = [], 0.0
    for n in range(400):
        away = 0.8 * away + wobble(n)
        values.append(100 * math.exp(0.5 if n >= 398 else away / 2))
    month = candidates(Question(tuple(values), (7,), 28))["lasting-level"]
    tomorrow = candidates(Question(tuple(values), (7,), 1))["lasting-level"]
    assert month[27] < 120
    assert tomorrow[0] > 140


def test_days_peak_as_days_do_though_the_busiest_hour_moves() -> None:
    day = 24
    values = [10.0] * day * 28
    for number in range(28):
        values[number * day + 8 + number % 5] = 250.0 if number % 7 else 130.0
    flat = (18.0,) * day * 8
    said = with_usual_peaks(flat, tuple(values), day)
    peaks = [max(said[begin : begin + day]) for begin in range(0, len(said), day)]
    busy, quiet = 250 / 480, 130 / 360
    assert peaks == pytest.approx([18 * day * share for share in (quiet, *[busy] * 6, quiet)])
    assert sum(value == 18.0 for value in said) == 8 * (day - 1)
    assert with_usual_peaks(flat, tuple(values[: 13 * day]), day) == flat
    assert with_usual_peaks(flat, (*values[:-day], *[0.0] * day), day) == flat


@pytest.mark.parametrize(
    ("every", "steps", "can"),
    [(Every.DAY, 6, False), (Every.WEEK, 4, True), (Every.WEEK, 3, False), (Every.MONTH, 4, True)],
)
def test_a_fold_of_days_spans_a_week_and_one_of_weeks_a_month(
    every: Every, steps: int, *, can: bool
) -> None:
    asked = Question((1.0,) * 9, every.seasons, steps)
    assert can_choose([Fold(asked, {}, (1.0,) * steps)] * 4) is can


def test_peaks_at_different_hours_are_blended_as_peaks() -> None:
    said = {"a": (0.0, 10.0, 2.0, 8.0), "b": (6.0, 0.0, 4.0, 2.0)}
    assert weighted(said, {"a": 0.5, "b": 0.5}, 2) == (3.0, 8.0, 3.0, 6.0)
    assert weighted(said, {"a": 0.5, "b": 0.5}, 1) == (3.0, 5.0, 3.0, 5.0)


def test_headroom_is_taken_by_what_it_costs() -> None:
    calm = (((100.0, 100.0),) * 9 + ((100.0, 105.0),),) * 8
    cheap = bounds(calm, 0.95, 10)
    assert cheap is not None
    assert cheap.around(100.0, 1).high == pytest.approx(115.0)
    quiet, wild = ((10.0, 10.0),) * 28, ((10.0, 10.0),) * 23 + ((10.0, 100.0),) * 5
    dear = bounds((*((quiet,) * 7), wild), 0.95, 28)
    assert dear is not None
    assert dear.coverage >= 0.95
    assert dear.oversizing <= 2.0


def test_a_cycle_that_no_calendar_knows_is_found() -> None:
    assert cycle([math.sin(2 * math.pi * n / 11) for n in range(120)]) == 11
    assert cycle([float(n) for n in range(40)]) == 0
    assert cycle([3.0] * 40) == 0


def test_pages_become_requests_a_second_with_every_assumption_shown() -> None:
    conversion = {
        "requestsPerPage": 10, "cacheHit": 0.5, "peakHourShare": 0.1, "peakToMean": 2,
        "thinkTime": "19s", "responseTime": "1s",
    }  # fmt: skip
    series = Series(Every.DAY, FIRST, (36_000.0,) * 60)
    forecast = made(series, conversion=conversion)
    # 36,000 pages a day, a tenth in the busiest hour: one page a second, two in its busiest minute.
    assert forecast.days[0].rate.mid == pytest.approx(10.0)
    assert forecast.days[0].concurrency.mid == pytest.approx(40.0)
    assert {each.name: each.source for each in forecast.assumptions} == {
        "requestsPerPage": "document", "cacheHit": "document", "peakToMean": "document",
        "thinkTime": "document", "responseTime": "document", "peakHourShare": "document",
    }  # fmt: skip
    assert {each.source for each in made(series).assumptions} == {"default"}


def test_of_hours_the_highest_of_each_day_counts() -> None:
    forecast = made(hourly(), metric="requestRate", horizon="7d")
    assert len(forecast.days) == 7
    assert forecast.days[0].day == date(2025, 2, 17)
    monday = max(hourly().values[:24])
    assert forecast.days[0].peak.mid == pytest.approx(monday, rel=0.1)
    assert forecast.days[0].rate.mid == pytest.approx(1.5 * forecast.days[0].peak.mid)


def test_a_quantile_leaves_room_for_one_more() -> None:
    assert quantile([1, 2, 3, 4], 0.5) == 3
    assert quantile([1, 2, 3, 4], 0.95) == 4
    assert bounds([], 0.95, 7) is None


@settings(deadline=None)
@given(
    st.lists(st.floats(0, 1e12), min_size=8, max_size=60),
    st.sampled_from([Every.DAY, Every.HOUR, Every.MONTH, Every.YEAR]),
)
def test_no_series_breaks_it(values: list[float], every: Every) -> None:
    first = every.number(date_time := Every.DAY.instant(FIRST))
    assert every.instant(first) <= date_time
    forecast = made(Series(every, first, tuple(values)))
    for day in forecast.days:
        assert 0 <= day.peak.low <= day.peak.mid <= day.peak.high < math.inf
    assert not forecast.backtest.scores or chosen(forecast) <= 1.0
