"""`trueup bench forecast`: how forecasts do on numbers that they have not seen.

At each place in the second half of the folds the candidate is chosen, and its bounds are learned,
from the folds before it alone; then it is compared with what came. So the score is not that of the
back-test by which it was chosen.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

from controller.adapters.forecast_models.memory import MemoryModels
from controller.adapters.forecast_models.statistics import StatisticsModels
from controller.bench import forecast_series
from controller.bench.report import Case, Report, peak_rss_mib
from controller.bench.stopwatch import Stopwatch
from controller.model.forecast import SEASONAL_NAIVE
from controller.model.series import Every, Series
from controller.ports.forecast_models import ForecastModels
from controller.steps.forecast import backtest
from controller.steps.forecast.blend import with_blend
from controller.steps.forecast.bounds import bounds, day_peaks
from controller.steps.forecast.forecast import TESTED

MEAN_GOAL, EACH_GOAL = 0.85, 1.0
COVERAGE_GOAL, OVERSIZING_GOAL = 0.93, 2.0
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Wish:
    """What is measured."""

    folds: int = 8
    light: bool = False
    folder: Path | None = None
    """CSV files to forecast instead of the made series."""


@dataclass(frozen=True, slots=True)
class Result:
    """How one series was forecast."""

    rmase: float
    rmase_of_peaks: float
    """At the highest number of each day: what a forecast tells."""
    coverage: float
    oversizing: float
    chosen: Mapping[str, int]
    folds: int


def bench_forecast(wish: Wish, say: Callable[[str], None]) -> Report:
    """Forecast every series and compare."""
    models: ForecastModels = MemoryModels("light") if wish.light else StatisticsModels(seconds=900)
    if wish.folder is not None:
        series, skipped = forecast_series.folder(wish.folder)
    else:
        series, skipped = {**forecast_series.made(), **forecast_series.published()}, {}
    for name, why in skipped.items():
        say(f"skipped {name}: {why}")
    cases, results = [], []
    for name, each in series.items():
        watch = Stopwatch()
        result = asyncio.run(evaluate(each, wish.folds, models))
        if result is None:
            skipped[name] = "too short for folds of which half are tested"
            say(f"skipped {name}: {skipped[name]}")
            continue
        say(
            f"{name}: rMASE {result.rmase:.3f}, of peaks {result.rmase_of_peaks:.3f}; "
            f"{result.coverage:.0%} of the peaks covered at {result.oversizing:.2f} times"
        )
        results.append(result)
        cases.append(_case(name, each, result, watch.took().seconds))
    if results:
        cases.append(_summary(results, skipped))
    return Report("forecast", tuple(cases))


async def evaluate(series: Series, folds: int, models: ForecastModels) -> Result | None:
    """Give how a series is forecast where nothing was chosen by; None when it is too short."""
    every = series.every
    wanted = TESTED.get(every, every.seasons[-1])
    # Half of the places are tested, and each needs enough folds before it to choose by.
    horizon = min(wanted, max(1, backtest.fitting_horizon(series, 2 * wanted, folds) // 2))
    if horizon >= every.a_day:
        horizon -= horizon % every.a_day
    ends = backtest.folds_of(series, 2 * folds, horizon)
    first = len(ends) // 2
    if first < 2:
        return None
    is_log = backtest.log_helps(series, ends[:first], horizon)
    asked = [backtest.question_at(series, end, horizon, is_log=is_log) for end in ends]
    answers = await models.predict(asked)
    given = answers.given or ({},) * len(asked)
    tried = [
        backtest.fold(series, question, end, heavy)
        for question, end, heavy in zip(asked, ends, given, strict=True)
    ]
    return _score(tried, first, folds, every)


def _score(tried: list[backtest.Fold], first: int, folds: int, every: Every) -> Result:
    error = naive = peak_error = naive_peak_error = bound = came_in_all = 0.0
    covered: list[bool] = []
    chosen: Counter[str] = Counter()
    for place in range(first, len(tried)):
        before, now = with_blend(tried[max(0, place - folds) : place], tried[place].said)
        fold = replace(tried[place], said=now)
        scored = backtest.scores(before, now)
        name = next(score.candidate for score in scored if score.is_chosen)
        chosen[name] += 1
        error, naive = error + fold.error(name), naive + fold.error(SEASONAL_NAIVE)
        peak_error += fold.peak_error(name)
        naive_peak_error += fold.peak_error(SEASONAL_NAIVE)
        peaks = [day_peaks(each.said[name], each.came, every.a_day) for each in before]
        learned = bounds(peaks, LEVEL, len(fold.came))
        for said, came in day_peaks(fold.said[name], fold.came, every.a_day):
            top = learned.around(said, 1).high if learned else said
            covered.append(came <= top)
            bound += top
            came_in_all += came
    return Result(
        rmase=error / naive if naive else 1.0,
        rmase_of_peaks=peak_error / naive_peak_error if naive_peak_error else 1.0,
        coverage=fmean(covered),
        oversizing=bound / came_in_all if came_in_all else 1.0,
        chosen=dict(chosen.most_common()),
        folds=len(tried) - first,
    )


def _case(name: str, series: Series, result: Result, seconds: float) -> Case:
    is_sparse = 2 * sum(value == 0 for value in series.values) > len(series.values)
    is_sized = result.oversizing <= OVERSIZING_GOAL or is_sparse
    most = max(result.rmase, result.rmase_of_peaks)
    is_met = most <= EACH_GOAL and result.coverage >= COVERAGE_GOAL and is_sized
    detail = {
        "rmase": round(result.rmase, 4), "rmase_of_peaks": round(result.rmase_of_peaks, 4),
        "coverage": round(result.coverage, 4),
        "oversizing": round(result.oversizing, 3), "chosen": result.chosen,
        "folds": result.folds, "every": str(series.every), "numbers": len(series.values),
    }  # fmt: skip
    goal = f"rMASE <= {EACH_GOAL:g}, covers {COVERAGE_GOAL} at <= {OVERSIZING_GOAL:g} times"
    return Case(name, result.folds, seconds, None, goal, is_met, peak_rss_mib(), detail)


def _summary(results: list[Result], skipped: Mapping[str, str]) -> Case:
    mean, most = fmean(r.rmase for r in results), max(r.rmase for r in results)
    of_peaks = [r.rmase_of_peaks for r in results]
    coverage = fmean(r.coverage for r in results)
    detail = {
        "rmase_mean": round(mean, 4), "rmase_max": round(most, 4),
        "rmase_of_peaks_mean": round(fmean(of_peaks), 4),
        "rmase_of_peaks_max": round(max(of_peaks), 4), "coverage_mean": round(coverage, 4),
        "oversizing_mean": round(fmean(r.oversizing for r in results), 3),
        "series": len(results), "skipped": dict(skipped),
    }  # fmt: skip
    is_met = mean <= MEAN_GOAL and max(most, *of_peaks) <= EACH_GOAL and coverage >= COVERAGE_GOAL
    goal = f"mean rMASE <= {MEAN_GOAL}, each <= {EACH_GOAL:g}"
    return Case("all series", len(results), 0.0, None, goal, is_met, peak_rss_mib(), detail)
