"""One number from the points of a Prometheus, or the reason why there is none."""

import math

import pytest

from controller.steps.gate.observe import Window, observe

WINDOW = Window(100.0, 130.0, 3.0)
WHOLE = tuple((100.0 + 3 * n, float(n)) for n in range(11))


@pytest.mark.parametrize(("take", "value"), [("mean", 5), ("max", 10), ("min", 0), ("last", 10)])
def test_one_whole_series_gives_its_number(take, value):
    assert observe("q", take, WINDOW, [WHOLE]).value == value


@pytest.mark.parametrize(
    ("series", "why"),
    [
        ([], "no series"),
        ([WHOLE, WHOLE], "2 series"),
        ([WHOLE[:8]], "only 8 of 11 points"),
        ([()], "only 0 of 11"),
        ([(*WHOLE[:-1], (130.0, math.nan))], "not a number"),
        ([(*WHOLE[:-1], (130.0, math.inf))], "not a number"),
        ([tuple((at - 1000, value) for at, value in WHOLE)], "only 0 of 11"),
    ],
)
def test_what_is_missing_is_not_known(series, why):
    found = observe("q", "mean", WINDOW, series)
    assert found.value is None
    assert why in found.problem
