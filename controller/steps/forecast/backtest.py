"""Series → folds → scores: candidates are tried on the past, with a rolling origin."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from controller.model.forecast import SEASONAL_NAIVE, Question, Score
from controller.model.series import Every, Series
from controller.steps.forecast.light import (
    LOOK_FOR_CYCLE,
    Numbers,
    average,
    candidates,
    known_season,
)

LONGEST = {Every.HOUR: 24 * 7 * 8, Every.DAY: 1100}
"""So many of the newest numbers are looked at: what is older says little, and costs time."""
FEWEST_SEASONS = 2
FEWEST_IN_ALL = 4
FEWEST = 8
WORSE = 1e9
"""Beside no error at all, any is so many times worse: a number that JSON has a word for."""
CLEAR = 0.98
"""Something else than the naive must be at least this much better on the folds."""
HEAVY = ("ets", "theta", "mstl")
Given = Mapping[str, Numbers]


@dataclass(frozen=True)
class Fold:
    """One place in the past, what every candidate said there, and what came."""

    question: Question
    said: Given
    came: Numbers


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
    """Give a horizon for which the series has some folds: at most a quarter of it."""
    room = len(series.values) - _fewest(series)
    return max(1, min(wanted, room // max(1, min(folds, 3))))


def _fewest(series: Series) -> int:
    """Give how many numbers a fold must begin with: two of the longest season that fits in."""
    seasons = series.every.seasons
    fitting = [season for season in seasons if len(series.values) >= FEWEST_IN_ALL * season]
    season = fitting[-1] if fitting else seasons[0]
    return max(FEWEST_SEASONS * season + 1, FEWEST)


def fold(series: Series, question: Question, end: int, heavy: Given | None = None) -> Fold:
    """Ask every candidate at one place."""
    came = series.values[end : end + question.horizon]
    return Fold(question, all_candidates(series.every, question, heavy), came)


def all_candidates(every: Every, question: Question, heavy: Given | None) -> Given:
    """Give what each candidate says, with the averages among them."""
    year = every.a_year if every in {Every.HOUR, Every.DAY} else LOOK_FOR_CYCLE
    found = dict(candidates(question, year))
    if question.is_log and "seasonal-theta" in found:
        plain = Question(question.values, question.seasons, question.horizon)
        found["seasonal-theta-log"] = found["seasonal-theta"]
        found["seasonal-theta"] = candidates(plain, 0)["seasonal-theta"]
    if "seasonal-theta" in found:
        found["average-light"] = average(
            found["seasonal-theta"], found["seasonal-mean"], found["seasonal-drift"]
        )
    usable = {name: said for name, said in (heavy or {}).items() if all(map(math.isfinite, said))}
    found.update(usable)
    three = [usable[name] for name in HEAVY if name in usable]
    if len(three) > 1:
        found["average"] = average(*three)
    for name in ("seasonal-theta", "average-light", "average"):
        if name in found:
            found[f"{name}-with-naive"] = average(found[name], found[SEASONAL_NAIVE])
    is_positive = min(question.values) >= 0
    return {
        name: tuple(max(0.0, value) for value in said) if is_positive else said
        for name, said in found.items()
    }


def scores(tried: Sequence[Fold], now: Given) -> tuple[Score, ...]:
    """Give how each candidate did over all folds, the best first; one of them is chosen.

    Only those count that also answer `now`.
    """
    names = [name for name in now if all(name in each.said for each in tried)]
    errors = {name: fmean(error(each.said[name], each.came) for each in tried) for name in names}
    naive = errors[SEASONAL_NAIVE]
    reference = min(naive, errors.get("daily-naive", naive))
    scale = fmean(_season_error(each.question) for each in tried)
    found = [
        Score(name, _ratio(error, scale), _ratio(error, reference))
        for name, error in errors.items()
    ]
    chosen = _choose(found, tried)
    ordered = sorted(found, key=lambda score: (score.rmase, score.candidate))
    return tuple(
        Score(each.candidate, each.mase, each.rmase, each.candidate == chosen) for each in ordered
    )


def _choose(found: Sequence[Score], tried: Sequence[Fold]) -> str:
    """Take the best, if it is better by a margin and in most folds; else the naive."""
    naive = min(
        (each for each in found if each.candidate in {SEASONAL_NAIVE, "daily-naive"}),
        key=lambda score: (score.rmase, score.candidate),
    )
    better = [each for each in found if each.rmase <= CLEAR * naive.rmase]
    for best in sorted(better, key=lambda score: (score.rmase, score.candidate)):
        wins = sum(
            error(each.said[best.candidate], each.came)
            <= error(each.said[naive.candidate], each.came)
            for each in tried
        )
        if 2 * wins >= len(tried):
            return best.candidate
    return naive.candidate


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
    plain, log = 0.0, 0.0
    for end in ends:
        came = series.values[end : end + horizon]
        for is_log in (False, True):
            question = question_at(series, end, horizon, is_log=is_log)
            said = candidates(question).get("seasonal-theta")
            if said is None:
                return False
            if is_log:
                log += error(said, came)
            else:
                plain += error(said, came)
    return log < CLEAR * plain
