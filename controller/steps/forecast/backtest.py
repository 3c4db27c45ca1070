"""Series → folds → scores: candidates are tried on the past, with a rolling origin."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from controller.model.forecast import SEASONAL_NAIVE, Question, Score
from controller.model.series import DAYS_A_WEEK, HOURS_A_DAY, Every, Series
from controller.steps.forecast.bounds import day_peaks
from controller.steps.forecast.light import (
    LOOK_FOR_CYCLE,
    Numbers,
    average,
    candidates,
    held,
    known_season,
    seasonal_theta,
)
from controller.steps.forecast.usual_peaks import with_usual_peaks

LONGEST = {Every.HOUR: 24 * 7 * 8, Every.DAY: 1100}
"""So many of the newest numbers are looked at: what is older says little, and costs time."""
FEWEST_SEASONS = 2
FEWEST_IN_ALL = 4
FEWEST = 8
WORSE = 1e9
"""Beside no error at all, any is so many times worse: a number that JSON has a word for."""
FEWEST_FOLDS = 4
"""Of fewer, one that is no better wins all by chance too often."""
FEWEST_STEPS = DAYS_A_WEEK
"""Of a fold: less than a week says who is good at those days of it."""
FEWEST_OF_A_YEAR = 4
"""Of a fold of weeks or months, which know no week."""
CLEAR = 0.98
"""Something else than the naive must be at least this much better on the folds."""
BESIDE = " + "
HEAVY = ("ets", "theta", "mstl")
AS_IT_WAS = {SEASONAL_NAIVE, "daily-naive", "last-value"}
"""Their days have peaks that once came."""
Given = Mapping[str, Numbers]


@dataclass(frozen=True)
class Fold:
    """One place in the past, what every candidate said there, and what came."""

    question: Question
    said: Given
    came: Numbers
    a_day: int = 1

    def error(self, candidate: str) -> float:
        """Give how far a candidate was off in the mean."""
        return error(self.said[candidate], self.came)

    def peak_error(self, candidate: str) -> float:
        """Give how far it was off at the highest step of each day, which is what is served."""
        if len(self.came) < self.a_day:
            return self.error(candidate)
        pairs = day_peaks(self.said[candidate], self.came, self.a_day)
        return fmean(abs(said - came) for said, came in pairs)


def question_at(series: Series, end: int, horizon: int, *, is_log: bool = False) -> Question:
    """Ask at a place in the series, with what was known there."""
    longest = LONGEST.get(series.every, len(series.values))
    values = series.values[max(0, end - longest) : end]
    year = series.every.a_year if series.every is Every.DAY else 0
    return Question(values, series.every.seasons, horizon, year, is_log)


def folds_of(series: Series, folds: int, horizon: int) -> tuple[int, ...]:
    """Give the places to ask at, the oldest first; fewer when the series is short."""
    fewest = _fewest(series)
    ends = [len(series.values) - horizon * back for back in range(folds, 0, -1)]
    return tuple(end for end in ends if end >= fewest)


def fitting_horizon(series: Series, wanted: int, folds: int) -> int:
    """Give a horizon for which the series has room for folds: for all, or for enough to choose."""
    room = len(series.values) - _fewest(series)
    return max(1, min(wanted, room // max(1, min(folds, FEWEST_FOLDS))))


def _fewest(series: Series) -> int:
    """Give how many numbers a fold must begin with: two of the longest season that fits in."""
    seasons = series.every.seasons
    fitting = [season for season in seasons if len(series.values) >= FEWEST_IN_ALL * season]
    season = fitting[-1] if fitting else seasons[0]
    return max(FEWEST_SEASONS * season + 1, FEWEST)


def fold(series: Series, question: Question, end: int, heavy: Given | None = None) -> Fold:
    """Ask every candidate at one place."""
    came = series.values[end : end + question.horizon]
    return Fold(question, all_candidates(series.every, question, heavy), came, series.every.a_day)


def all_candidates(every: Every, question: Question, heavy: Given | None) -> Given:
    """Give what each candidate says, with the averages among them."""
    year = every.a_year if every in {Every.HOUR, Every.DAY} else LOOK_FOR_CYCLE
    found = dict(candidates(question, year))
    if question.is_log and "seasonal-theta" in found:
        found["seasonal-theta-log"] = found["seasonal-theta"]
        found["seasonal-theta"] = seasonal_theta(replace(question, is_log=False))
    if "seasonal-theta" in found:
        found["average-light"] = average(
            found["seasonal-theta"], found["seasonal-median"], found["seasonal-drift"]
        )
    usable = {name: said for name, said in (heavy or {}).items() if all(map(math.isfinite, said))}
    found.update(usable)
    three = [usable[name] for name in HEAVY if name in usable]
    if len(three) > 1:
        found["average"] = average(*three)
    if min(question.values) < 0:
        return found
    return {name: _likely(name, said, question, every.a_day) for name, said in found.items()}


def _likely(name: str, said: Numbers, question: Question, a_day: int) -> Numbers:
    """Keep a forecast within what seasons ever changed by, with peaks as days have them."""
    positive = tuple(max(0.0, value) for value in said)
    within = held(positive, question.values, known_season(question))
    return within if name in AS_IT_WAS else with_usual_peaks(within, question.values, a_day)


def can_choose(tried: Sequence[Fold]) -> bool:
    """Tell whether there are enough folds, each of enough steps, to know better from luckier."""
    if len(tried) < FEWEST_FOLDS:
        return False
    question = tried[0].question
    is_week = question.seasons[0] in {HOURS_A_DAY, DAYS_A_WEEK}
    fewest = FEWEST_STEPS if is_week else FEWEST_OF_A_YEAR
    return question.horizon >= min(question.seasons[0], fewest)


def scores(tried: Sequence[Fold], now: Given) -> tuple[Score, ...]:
    """Give how each candidate did over all folds, the best first; one of them is chosen.

    Only those count that also answer `now`. The blend is chosen where there is one that is better
    than the naive, else the naive.
    """
    scale = fmean(_season_error(each.question) for each in tried)
    beside = beside_naive(tried, now)
    blend = next((name for name in beside if BESIDE in name), SEASONAL_NAIVE)
    chosen = blend if is_better(beside[blend]) else SEASONAL_NAIVE
    found = [
        Score(
            name,
            _ratio(fmean(each.error(name) for each in tried), scale),
            steps,
            peaks,
            name == chosen,
        )
        for name, (steps, peaks) in beside.items()
    ]
    return tuple(sorted(found, key=lambda score: (score.rmase, score.candidate)))


def is_better(errors: tuple[float, float]) -> bool:
    """Tell whether errors beside those of the naive are smaller, and neither is larger."""
    return min(errors) < 1 and max(errors) <= 1


def better_than_naive(tried: Sequence[Fold], now: Given) -> list[tuple[str, float]]:
    """Give what beat the naive by a margin, in half of the folds at least; the best first.

    It must be better both at the steps and at the peaks of days.
    """
    found = sorted(
        (steps + peaks, name)
        for name, (steps, peaks) in beside_naive(tried, now).items()
        if max(steps, peaks) <= CLEAR
    )
    return [
        (name, error) for error, name in found if 2 * min(map(sum, won(tried, name))) >= len(tried)
    ]


def beside_naive(tried: Sequence[Fold], now: Given) -> dict[str, tuple[float, float]]:
    """Give the errors of each candidate at steps and at peaks, beside those of the naive."""
    naive = (
        fmean(each.error(SEASONAL_NAIVE) for each in tried),
        fmean(each.peak_error(SEASONAL_NAIVE) for each in tried),
    )
    return {
        name: (
            _ratio(fmean(each.error(name) for each in tried), naive[0]),
            _ratio(fmean(each.peak_error(name) for each in tried), naive[1]),
        )
        for name in now
        if all(name in each.said for each in tried)
    }


def won(tried: Sequence[Fold], name: str) -> tuple[list[bool], list[bool]]:
    """Give in which folds a candidate was no worse than the naive: at steps, and at peaks."""
    return (
        [each.error(name) <= each.error(SEASONAL_NAIVE) for each in tried],
        [each.peak_error(name) <= each.peak_error(SEASONAL_NAIVE) for each in tried],
    )


def error(said: Numbers, came: Numbers) -> float:
    """Give the mean distance."""
    return fmean(abs(a - b) for a, b in zip(said, came, strict=False))


def _season_error(question: Question) -> float:
    season, values = known_season(question), question.values
    if len(values) <= season:
        return 0.0
    return fmean(abs(a - b) for a, b in zip(values[season:], values, strict=False))


def _ratio(error: float, beside: float) -> float:
    if beside > 0:
        return error / beside
    return 1.0 if error == 0 else WORSE


def log_helps(series: Series, ends: Iterable[int], horizon: int) -> bool:
    """Tell whether models that see logarithms did better on the past."""
    if min(series.values) < 0:
        return False
    missed = {True: 0.0, False: 0.0}
    for end in ends:
        came = series.values[end : end + horizon]
        for is_log in missed:
            question = question_at(series, end, horizon, is_log=is_log)
            if len(question.values) < FEWEST_SEASONS * known_season(question):
                return False
            missed[is_log] += error(seasonal_theta(question), came)
    return missed[True] < CLEAR * missed[False]
