"""When releases may come: over both changes of the clock, at the edges, and with exceptions."""

from datetime import UTC, datetime, timedelta

import pytest

from controller.model.decision import DecisionKind
from controller.steps.decide.decide import decide
from controller.steps.decide.question import WindowException
from controller.steps.decide.windows import look
from schemas.windows import Windows
from tests.unit.decide.decide_questions import question

BERLIN = "Europe/Berlin"


def windows(**given):
    return Windows.model_validate(given)


def at(text):
    return datetime.fromisoformat(text).astimezone(UTC)


def nightly(cron, length="1h", zone=BERLIN):
    return windows(allow=[{"cron": cron, "for": length, "timeZone": zone}])


@pytest.mark.parametrize(
    ("cron", "length", "when", "ok"),
    [
        # Clocks are put forward on 2027-03-28: 02:00 CET is 03:00 CEST.
        ("30 1 * * *", "1h", "2027-03-28T01:30+01:00", True),
        ("30 1 * * *", "1h", "2027-03-28T03:29+02:00", True),
        ("30 1 * * *", "1h", "2027-03-28T03:30+02:00", False),
        ("30 2 * * *", "1h", "2027-03-28T01:59+01:00", False),
        ("30 2 * * *", "1h", "2027-03-28T03:00+02:00", True),  # the beginning that is left out
        ("30 2 * * *", "1h", "2027-03-28T04:00+02:00", False),
        ("0 9 * * *", "8h", "2027-03-27T09:00+01:00", True),
        ("0 9 * * *", "8h", "2027-03-28T09:00+02:00", True),
        ("0 9 * * *", "8h", "2027-03-28T08:59+02:00", False),
        # Clocks are put back on 2026-10-25: 03:00 CEST is 02:00 CET.
        ("30 2 * * *", "1h", "2026-10-25T02:30+02:00", True),
        ("30 2 * * *", "1h", "2026-10-25T02:29+01:00", True),  # the same hour goes on
        ("30 2 * * *", "1h", "2026-10-25T02:30+01:00", False),  # it comes once
        ("30 2 * * *", "45m", "2026-10-25T03:14+01:00", False),  # counted from within that hour
        ("0 9 * * *", "8h", "2026-10-25T09:00+01:00", True),
        ("0 9 * * *", "8h", "2026-10-25T17:00+01:00", False),
    ],
)
def test_a_window_begins_by_the_clock_on_the_wall_and_lasts_by_one_that_is_never_changed(
    cron, length, when, ok
):
    assert look([nightly(cron, length)], at(when)).ok is ok


def test_a_closed_window_says_when_the_next_one_opens():
    answer = look([nightly("0 9 * * MON-FRI", "8h")], at("2026-11-27T17:00+01:00"))
    assert not answer.ok
    assert answer.changes_at == at("2026-11-30T09:00+01:00")
    assert answer.detail == "the next window for releases, at 2026-11-30 08:00 UTC"
    assert look([nightly("0 9 * * MON-FRI", "8h")], answer.changes_at).ok


def test_every_level_must_have_a_window_open():
    day, night = nightly("0 9 * * *", "8h"), nightly("0 22 * * *", "8h")
    noon = at("2026-11-27T12:00+01:00")
    assert look([day], noon).ok
    assert not look([day, night], noon).ok


FRIDAY = {"cron": "0 16 * * FRI", "for": "64h", "timeZone": BERLIN, "reason": "weekend"}
HOLIDAYS = {
    "from": "2026-12-20T18:00",
    "until": "2027-01-04T08:00",
    "timeZone": BERLIN,
    "reason": "holidays",
}


@pytest.mark.parametrize(
    ("when", "until"),
    [
        ("2026-11-27T15:59+01:00", None),
        ("2026-11-27T16:00+01:00", "2026-11-30T08:00+01:00"),
        ("2026-11-30T07:59+01:00", "2026-11-30T08:00+01:00"),
        ("2026-11-30T08:00+01:00", None),
        ("2026-12-20T18:00+01:00", "2027-01-04T08:00+01:00"),
        ("2027-01-04T08:00+01:00", None),
        # One hour more by the clock on the wall: 64 hours are 64 hours.
        ("2027-03-27T12:00+01:00", "2027-03-29T09:00+02:00"),
    ],
)
def test_a_freeze_ends_when_it_says(when, until):
    answer = look([windows(freeze=[FRIDAY, HOLIDAYS])], at(when))
    assert answer.ok is (until is None)
    assert answer.changes_at == (at(until) if until else None)


def test_freezes_that_follow_each_other_are_one():
    daily = {"cron": "0 0 * * *", "for": "24h", "reason": "never"}
    hourly = {"cron": "0 10-12 * * *", "for": "1h", "reason": "noon"}
    assert not look([windows(freeze=[daily])], at("2026-11-27T23:59+00:00")).ok
    assert look([windows(freeze=[hourly])], at("2026-11-27T10:30+00:00")).changes_at == at(
        "2026-11-27T13:00+00:00"
    )


def test_a_freeze_on_the_hour_that_comes_twice_holds_through_both():
    frozen = {
        "from": "2026-10-25T02:15",
        "until": "2026-10-25T02:45",
        "timeZone": BERLIN,
        "reason": "the clock",
    }
    freeze = [windows(freeze=[frozen])]
    assert not look(freeze, at("2026-10-25T02:15+02:00")).ok
    assert not look(freeze, at("2026-10-25T02:44+01:00")).ok
    assert look(freeze, at("2026-10-25T02:45+01:00")).ok


@pytest.mark.parametrize("zone", ["America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"])
def test_a_whole_year_of_nights_has_no_gap_and_no_overlap(zone):
    each = nightly("30 2 * * *", "24h", zone)
    night = nightly("30 2 * * *", "10h", zone)
    opened = 0
    for hours in range(0, 366 * 24, 31):
        now = datetime(2026, 1, 2, tzinfo=UTC) + timedelta(hours=hours)
        answer = look([night], now)
        opened += answer.ok
        if not answer.ok:
            assert now < answer.changes_at <= now + timedelta(hours=15)
            assert look([night], answer.changes_at).ok
        # Where a day has 25 hours, one of them lies outside.
        assert look([each], now).ok or look([each], now - timedelta(hours=1)).ok
    assert opened == pytest.approx(366 * 24 / 31 * 10 / 24, rel=0.05)


def test_a_frozen_release_waits_and_tells_when_it_is_looked_at_again():
    frozen = {"from": "2026-11-20T00:00", "until": "2026-12-01T00:00", "reason": "audit"}
    now = at("2026-11-23T12:00+00:00")
    decision = decide(question(windows=(windows(freeze=[frozen]),)), now)
    assert decision.kind == DecisionKind.WAIT
    assert decision.because == "the freeze to end at 2026-12-01 00:00 UTC: audit"
    assert decision.next_look == at("2026-12-01T00:00+00:00")


def test_an_exception_lets_a_release_through_and_stands_in_the_evidence():
    frozen = {"from": "2026-11-20T00:00", "until": "2026-12-01T00:00", "reason": "audit"}
    by = WindowException("hotfix", "team-shop", "orders fail", "2026-11-24")
    given = question(windows=(windows(freeze=[frozen]),), exceptions=(by,))
    decision = decide(given, at("2026-11-23T12:00+00:00"))
    assert decision.kind == DecisionKind.PROMOTE
    (item,) = [item for item in decision.items if item.check == "in a window"]
    assert "Exception `hotfix` of team-shop until 2026-11-24: orders fail" in item.detail
