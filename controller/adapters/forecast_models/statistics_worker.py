"""The process that asks statsmodels: one JSON object in, one out. It imports nothing of ours.

    {"memory": bytes, "questions": [{"values", "seasons", "year", "horizon", "is_log"}]}
    {"versions": {…}, "answers": [{"ets": […], "theta": […], "mstl": […]}]}

A model that fails at a question is left out of its answer. Started with the id of its parent, with
which it ends: nobody else would hear what it says.
"""

import ctypes
import json
import os
import resource
import signal
import sys
import warnings
from typing import Any

MOST_INITIAL = 24
"""A season of more steps than this is taken out before smoothing: there are too many to fit."""
MOST_ESTIMATED = 12
PR_SET_PDEATHSIG = 1
BEYOND = 1e6
"""A forecast so many times beyond all that was seen is none."""


def main() -> None:
    """Answer one request."""
    end_with(int(sys.argv[1]))
    request = json.load(sys.stdin)
    os.nice(19)  # whatever else runs on this machine goes first: a load test may
    resource.setrlimit(resource.RLIMIT_AS, (request["memory"], request["memory"]))
    try:
        import numpy as np
        import scipy
        import statsmodels
    except ImportError as error:
        json.dump({"problem": f"the extra is not installed ({error.name})"}, sys.stdout)
        return
    warnings.simplefilter("ignore")
    answers = [answer(question) for question in request["questions"]]
    versions = {each.__name__: each.__version__ for each in (np, scipy, statsmodels)}
    json.dump({"versions": versions, "answers": answers}, sys.stdout)


def end_with(parent: int) -> None:
    """Have the kernel end this process when its parent is gone."""
    if sys.platform == "linux":  # elsewhere it computes to its end
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before we could ask
        raise SystemExit(0)


def answer(question: dict[str, Any]) -> dict[str, list[float]]:
    """Ask every model, on logarithms where that is wanted."""
    import numpy as np

    values = np.asarray(question["values"], dtype=float)
    seen = np.log1p(np.maximum(values, 0)) if question["is_log"] else values
    limit = BEYOND * (np.abs(values).max() + 1)
    found = {}
    for name, model in (("ets", ets), ("theta", theta), ("mstl", mstl)):
        said = tried(model, seen, question)
        if said is None:
            continue
        said = np.expm1(said) if question["is_log"] else said
        is_whole = said.shape == (question["horizon"],) and np.isfinite(said).all()
        if is_whole and np.abs(said).max() <= limit:
            found[name] = [float(value) for value in said]
    return found


def tried(model: Any, seen: Any, question: dict[str, Any]) -> Any:
    """Ask one model; None when it cannot answer: others may."""
    import numpy as np

    try:
        with np.errstate(all="ignore"):
            return np.asarray(model(seen, question), dtype=float)
    except (ValueError, ArithmeticError, np.linalg.LinAlgError, IndexError, NotImplementedError):
        return None


def usable(question: dict[str, Any], count: int) -> list[int]:
    """Give the seasons that were seen twice."""
    return [season for season in question["seasons"] if season > 1 and count > 2 * season]


def ets(values: Any, question: dict[str, Any]) -> Any:
    """Exponential smoothing with a damped trend and an additive season."""
    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    seasons = [season for season in usable(question, len(values)) if season <= MOST_INITIAL]
    longer = [season for season in usable(question, len(values)) if season > MOST_INITIAL]
    if longer:
        return without_seasons(values, question, longer[-1:])
    kind = {"seasonal": "add", "seasonal_periods": seasons[-1]} if seasons else {}
    start = "estimated" if not seasons or seasons[-1] <= MOST_ESTIMATED else "heuristic"
    model = ExponentialSmoothing(
        values, trend="add", damped_trend=True, initialization_method=start, **kind
    )
    return model.fit().forecast(question["horizon"])


def theta(values: Any, question: dict[str, Any]) -> Any:
    """Theta, on what is left without the longest season."""
    from statsmodels.tsa.forecasting.theta import ThetaModel

    seasons = usable(question, len(values))
    period = seasons[-1] if seasons else 1
    model = ThetaModel(values, period=period, deseasonalize=bool(seasons), use_test=False)
    return model.fit().forecast(question["horizon"], theta=2)


def mstl(values: Any, question: dict[str, Any]) -> Any:
    """Take all seasons out by smoothing, the year's too; smooth the rest, and add them again."""
    periods = usable(question, len(values))
    year = question["year"]
    if year and len(values) >= 2 * year + 1:
        periods = [*periods, year]
    if not periods:
        raise ValueError("no season was seen twice")
    return without_seasons(values, question, periods)


def without_seasons(values: Any, question: dict[str, Any], periods: list[int]) -> Any:
    """Smooth what is left without seasons, and add the last turn of each."""
    import numpy as np
    from statsmodels.tsa.holtwinters import ExponentialSmoothing
    from statsmodels.tsa.seasonal import MSTL

    parted = MSTL(values, periods=periods).fit()
    seasonal = np.asarray(parted.seasonal).reshape(len(values), -1)
    rest = values - seasonal.sum(axis=1)
    model = ExponentialSmoothing(
        rest, trend="add", damped_trend=True, initialization_method="estimated"
    )
    said = np.asarray(model.fit().forecast(question["horizon"]), dtype=float)
    for column, period in enumerate(sorted(periods)):
        turn = seasonal[-period:, column]
        said = said + np.resize(turn, question["horizon"])
    return said


if __name__ == "__main__":
    main()
