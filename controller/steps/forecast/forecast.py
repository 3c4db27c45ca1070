"""Series → forecast: what to ask of models, and what their answers come to."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from statistics import fmean

from controller.model.forecast import (
    SEASONAL_NAIVE,
    Answers,
    Backtest,
    Band,
    DayForecast,
    Forecast,
    Happening,
    Question,
    Score,
)
from controller.model.series import DAYS_A_WEEK, Every, Series
from controller.steps.forecast.backtest import (
    Fold,
    all_candidates,
    can_choose,
    fitting_horizon,
    fold,
    folds_of,
    log_helps,
    question_at,
    scores,
)
from controller.steps.forecast.blend import with_blend
from controller.steps.forecast.bounds import Bounds, bounds, day_peaks
from controller.steps.forecast.convert import Conversion, conversion
from schemas.kinds.forecast import Forecast as ForecastDocument
from schemas.kinds.forecast import ForecastSpec

TESTED = {Every.HOUR: 168, Every.DAY: 28, Every.WEEK: 13, Every.YEAR: 6}
"""So many steps ahead are tested unless the document says; of others, a year."""
FEWEST_TO_BOUND = 2
GUESS = 2.0
"""Without a back-test, bounds are half and twice."""
MOST = 5.0
"""Nothing is forecast beyond so many times what was ever seen."""
ACCIDENT = 10.0
"""A few numbers more than so many times the highest of the seasons before are no load."""
BEFORE = 4
FEW_COVERED = 0.9
SHOWN_DAYS = 400
RECENT_DAYS = 28


@dataclass(frozen=True)
class Trial:
    """What is asked of models: once at each fold, and once now."""

    series: Series
    """What was counted, without what past events added."""
    counted: Series
    ends: tuple[int, ...]
    tested: int
    """Steps that each fold looks ahead."""
    questions: tuple[Question, ...]
    """Those of the folds, and the one that is meant last."""
    accidents: int = 0
    """So many of the newest numbers are left out: nothing like them was there before."""


def prepare(counted: Series, spec: ForecastSpec) -> Trial:
    """Say what to ask."""
    series, accidents = _without_accidents(_without_events(counted, spec))
    every, rule = series.every, spec.backtest
    usual = TESTED.get(every, every.seasons[-1])
    wanted = every.steps_in(rule.horizon) if rule.horizon else usual
    ahead = max(every.steps_in(spec.horizon), every.a_day)
    tested = fitting_horizon(series, min(wanted, ahead), rule.folds)
    if tested >= every.a_day:
        tested -= tested % every.a_day
    ends = folds_of(series, rule.folds, tested)
    is_log = log_helps(series, ends, tested) if ends else False
    asked = [question_at(series, end, tested, is_log=is_log) for end in ends]
    asked.append(question_at(series, len(series.values), ahead, is_log=is_log))
    return Trial(series, counted, ends, tested, tuple(asked), accidents)


def conclude(document: ForecastDocument, trial: Trial, answers: Answers) -> Forecast:
    """Choose among the candidates, and give what is to come with its bounds and its reasons.

    What was not answered by models leaves the light candidates, and is said.
    """
    series, spec = trial.series, document.spec
    heavy: Sequence[Mapping[str, tuple[float, ...]]] = answers.given or ({},) * len(trial.questions)
    tried: Sequence[Fold] = [
        fold(series, question, end, given)
        for question, end, given in zip(trial.questions[:-1], trial.ends, heavy, strict=False)
    ]
    now = all_candidates(series.every, trial.questions[-1], heavy[-1])
    tried, now = with_blend(tried, now)
    scored = scores(tried, now) if len(tried) >= FEWEST_TO_BOUND else ()
    chosen = next((each.candidate for each in scored if each.is_chosen), SEASONAL_NAIVE)
    learned = _learned(tried, chosen, spec.coverage, trial) if scored else None
    converted = conversion(spec, series.every)
    days = tuple(_days(trial, now[chosen], learned, spec, converted))
    history = _history(trial.counted)
    recent = max(value for _, value in history[-RECENT_DAYS:])
    return Forecast(
        name=document.metadata.name,
        product=document.product,
        metric=spec.metric,
        every=series.every,
        zone=series.zone,
        history=history[-SHOWN_DAYS:],
        days=days,
        chosen=chosen,
        backtest=Backtest(
            len(tried),
            trial.tested,
            scored,
            learned.coverage if learned else None,
            learned.oversizing if learned else None,
        ),
        assumptions=converted.assumptions,
        today=Band(recent, recent, recent).times(converted.rate),
        happenings=tuple(
            Happening(each.date, each.days, each.factor, each.reason) for each in spec.events
        ),
        notes=tuple(
            _notes(trial, scored, chosen, answers, learned, is_told_apart=can_choose(tried))
        ),
        versions=answers.versions,
    )


def _learned(tried: Sequence[Fold], chosen: str, wanted: float, trial: Trial) -> Bounds | None:
    a_day = trial.series.every.a_day
    peaks = [day_peaks(each.said[chosen], each.came, a_day) for each in tried]
    return bounds(peaks, wanted, trial.tested)


def _days(
    trial: Trial,
    said: Sequence[float],
    learned: Bounds | None,
    spec: ForecastSpec,
    converted: Conversion,
) -> Iterator[DayForecast]:
    """Give each day's peak; a day that has begun already counts from its first full one."""
    series, a_day = trial.series, trial.series.every.a_day
    most = MOST * max(series.values, default=0.0)
    by_day: dict[date, list[tuple[float, int]]] = {}
    for step, value in enumerate(said):
        day = series.at(len(series.values) + step).date()
        by_day.setdefault(day, []).append((min(value, most), step + 1))
    mids = {
        day: max(values)
        for day, values in by_day.items()
        if len(values) >= a_day or len(by_day) == 1
    }
    for day, (found, steps) in mids.items():
        mid = _as_usual(day, mids, spec) if _events_on(spec, day) != 1 else found
        band = learned.around(mid, steps) if learned else Band(mid / GUESS, mid, mid * GUESS)
        factor = spec.growth_on(day) * _events_on(spec, day)
        peak = band.times(factor)
        rate = peak.times(converted.rate)
        yield DayForecast(day, peak, rate, peak.times(converted.concurrency), factor)


def _as_usual(day: date, mids: Mapping[date, tuple[float, int]], spec: ForecastSpec) -> float:
    """Give what a day of an event would be without it, by the same days of the weeks beside it.

    A model may have learned the same event of last year: it is not to count twice.
    """
    beside = [day + timedelta(weeks=weeks) for weeks in (-1, 1)]
    usual = [mids[each][0] for each in beside if each in mids and _events_on(spec, each) == 1]
    return min(fmean(usual), mids[day][0]) if usual else mids[day][0]


def _without_events(series: Series, spec: ForecastSpec) -> Series:
    """Divide what was counted on days of events by their factors."""
    values = tuple(
        value / _events_on(spec, series.at(index).date())
        for index, value in enumerate(series.values)
    )
    return replace(series, values=values)


def _without_accidents(series: Series) -> tuple[Series, int]:
    """Give what was there a season before, where a few of the newest numbers are far beyond all.

    The naive would say them again each season. When they are many, it is a new level.
    """
    seasons = [each for each in series.every.seasons if len(series.values) >= 2 * each]
    season = seasons[-1] if seasons else len(series.values)
    last = len(series.values) - season
    most = ACCIDENT * max(series.values[max(0, last - BEFORE * season) : last], default=0.0)
    wild = [n for n in range(last, len(series.values)) if 0 < most < series.values[n]]
    if not wild or len(wild) > season // DAYS_A_WEEK:
        return series, 0
    values = list(series.values)
    for n in wild:
        values[n] = values[n - season]
    return replace(series, values=tuple(values)), len(wild)


def _events_on(spec: ForecastSpec, day: date) -> float:
    factor = 1.0
    for event in spec.events:
        if 0 <= (day - event.date).days < event.days:
            factor *= event.factor
    return factor


def _history(series: Series) -> tuple[tuple[date, float], ...]:
    days: dict[date, float] = {}
    for index, value in enumerate(series.values):
        day = series.at(index).date()
        days[day] = max(value, days.get(day, value))
    return tuple(days.items())


def _notes(
    trial: Trial,
    scored: Sequence[Score],
    chosen: str,
    answers: Answers,
    learned: Bounds | None,
    *,
    is_told_apart: bool,
) -> Iterator[str]:
    series = trial.series
    if answers.problem:
        yield f"the models of the extra `forecast` were left out: {answers.problem}"
    season = series.every.seasons[0]
    if len(series.values) < 2 * season:
        yield (
            f"there are {len(series.values)} numbers, fewer than two seasons of {season}: a season "
            "cannot be told from chance"
        )
    if not scored:
        yield "too short for a back-test: the bounds are half and twice, which is a guess"
    elif not is_told_apart:
        yield (
            f"the series has room for {len(trial.ends)} folds of {trial.tested} steps, too little "
            "to tell a better candidate from a lucky one: the seasonal naive is used"
        )
    elif chosen == SEASONAL_NAIVE:
        yield "nothing was better than the seasonal naive on the back-test, so that is used"
    if trial.accidents:
        yield (
            f"{trial.accidents} of the newest numbers lie beyond {ACCIDENT:g} times the highest of "
            f"the {BEFORE} seasons before, and were left out: if they are real, name them as events"
        )
    if series.filled:
        count = len(series.filled)
        yield f"{count} missing number{'s were' if count > 1 else ' was'} filled in"
    ahead = trial.questions[-1].horizon
    if scored and ahead > trial.tested:
        yield (
            f"tested up to {trial.tested} steps of a {series.every} ahead; beyond that the bounds "
            "widen with the root of the distance"
        )
    if learned is not None and learned.coverage < FEW_COVERED:
        yield f"the bounds covered only {learned.coverage:.0%} of the peaks that were left out"
