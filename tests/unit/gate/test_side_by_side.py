"""Two sets of runs side by side: what counts as worse, better, the same, or as unknown."""

from dataclasses import replace

import pytest

from controller.steps.gate.side_by_side import Says, side_by_side
from tests.unit.gate.gate_measurements import healthy, with_total


def runs(*p95s, **changes):
    plain = replace(healthy(), **changes)
    return [
        with_total(plain, corrected={**plain.total.corrected, "p95": float(p95)}) for p95 in p95s
    ]


BASE = runs(100, 102, 98)


def row(found, measure, endpoint=""):
    return next(r for r in found.rows if (r.measure, r.endpoint) == (measure, endpoint))


@pytest.mark.parametrize(
    ("first", "second", "says", "reason"),
    [
        (BASE, runs(101, 99, 100), Says.SAME, "no number differs by more than 5 %"),
        (BASE, runs(125, 126, 124), Says.WORSE, "100 ms became 125 ms (+25.0%)"),
        (BASE, runs(80, 81, 79), Says.BETTER, "100 ms became 80.0 ms (-20.0%)"),
        (BASE, runs(125), Says.WORSE, "more than noise"),
        (runs(100), runs(125, 126, 124), Says.WORSE, "more than noise"),
        (runs(125), BASE, Says.BETTER, "more than noise"),
        (runs(100), runs(125), Says.UNKNOWN, "one run each"),
        (runs(9, 25), runs(57), Says.UNKNOWN, "noise may explain it"),
        (BASE, runs(90, 108, 115), Says.SAME, "no number differs"),
    ],
)
def test_a_difference_counts_beyond_the_share_and_beyond_noise(first, second, says, reason):
    found = side_by_side(first, second, 0.05)
    assert (found.says, row(found, "p95").says) == (says, says)
    assert reason in " ".join(found.reasons)
    assert row(found, "p95", "GET /products").says == Says.SAME or len(first) == 1


def test_errors_and_rates_count_too():
    failing = [with_total(one, failures=40) for one in BASE]
    found = side_by_side(BASE, failing, 0.05)
    assert (row(found, "errorRate").says, row(found, "throughput").says) == ("worse", "worse")
    assert found.reasons[0].startswith("errorRate of all requests is worse: 0% became 9.98%")
    assert row(side_by_side(failing, BASE, 0.05), "throughput").says == "better"


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        (runs(100, 101, load="another"), "runs of different loads"),
        (runs(100, 101, generator={"cores": "64"}), "on different machines"),
        (runs(100, 101, invalid="a worker was lost"), "run 1 of the second proves nothing: a"),
    ],
)
def test_what_cannot_be_compared_is_said(second, reason):
    found = side_by_side(BASE, second, 0.05)
    assert found.says == Says.UNKNOWN
    assert reason in found.reasons[0]


def test_an_endpoint_of_one_side_only_is_unknown():
    other = [replace(one, endpoints={"GET /new": one.total}) for one in BASE]
    found = side_by_side(BASE, other, 0.05)
    assert row(found, "p95", "GET /new").says == Says.UNKNOWN
    assert row(found, "p95", "GET /new").shown[0] == "-"
