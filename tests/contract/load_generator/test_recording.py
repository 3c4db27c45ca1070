"""What the recorder counts, and what it corrects."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.adapters.load_generator.recording import ERROR_TEXTS, Recorder
from controller.adapters.load_generator.script import share_out


def recorder(interval=0.1, window=(10.0, 20.0)):
    made = Recorder(interval)
    made.open_window(*window)
    return made


def test_requests_before_and_after_the_window_do_not_count():
    made = recorder()
    made.request("GET /", 9.0, 9.05, None)
    made.request("GET /", 9.98, 10.03, None)
    made.request("GET /", 20.01, 20.02, None)
    assert made.result()["total"]["requests"] == 0


def test_a_request_of_the_warm_up_counts_for_what_it_holds_up():
    made = recorder()
    made.request("GET /", 9.0, 12.0, None)
    total = made.result()["total"]
    assert total["requests"] == 1
    assert total["raw"]["max"] == pytest.approx(2000, rel=0.01)


def test_a_long_wait_adds_the_requests_that_it_held_up():
    made = recorder()
    made.request("GET /", 12.0, 13.0, None)
    total = made.result()["total"]
    assert (total["requests"], total["omitted"]) == (1, 9)
    assert total["corrected"]["max"] == pytest.approx(1000, rel=0.01)


def test_a_corrected_percentile_is_never_below_the_raw_one():
    made = recorder()
    for at in range(50):
        made.request("GET /", 10 + at / 10, 10 + at / 10 + 0.12, None)
    total = made.result()["total"]
    assert total["corrected"]["p50"] == total["raw"]["p50"] == pytest.approx(120, rel=0.01)


def test_the_number_of_error_texts_is_bounded():
    made = recorder()
    for number in range(100):
        made.request("GET /", 12.0, 12.01, f"error {number}\n" + "x" * 10_000)
    errors = made.result()["errors"]
    assert len(errors) == ERROR_TEXTS + 1
    assert errors[0] == ("other errors", 80)
    assert all(len(text) <= 300 for text, _ in errors)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.floats(0, 30), st.floats(0, 700)), max_size=30))
def test_counts_and_percentiles_agree_whatever_comes(requests):
    made = recorder(interval=1.0)
    for start, latency in requests:
        made.request("GET /", start, start + latency, None)
    total = made.result()["total"]
    assert total["requests"] <= len(requests)
    assert total["omitted"] >= 0
    if total["requests"]:
        for name, value in total["raw"].items():
            assert 0 < value <= total["corrected"][name]


class UserClass:
    def __init__(self, name, weight=1, fixed_count=0):
        self.__name__ = name
        self.weight = weight
        self.fixed_count = fixed_count


def test_users_are_shared_out_by_fixed_count_and_weight():
    classes = [UserClass("A", 3), UserClass("B", 1), UserClass("C", fixed_count=2)]
    names = share_out(classes, 10)
    assert [names.count(name) for name in "ABC"] == [6, 2, 2]
    assert share_out(classes, 1) == ["C"]
