"""When a rotation begins, by a clock that is set by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from controller.adapters.credential.memory import MemoryMaker
from controller.diagnostics.secret import SecretText
from controller.model.delivery import RotationPhase
from controller.model.material import Material
from controller.model.names import SecretName
from controller.steps.secrets.record import RotationRecord
from controller.steps.secrets.request import (
    Cron,
    Issued,
    Random,
    Rotation,
    SecretRequest,
    Window,
    reference_of,
)
from controller.steps.secrets.schedule import due, is_open, last_until, next_after, next_look

NAME = SecretName("shop", "dev", "key")
BERLIN, UNIVERSAL = "Europe/Berlin", "UTC"
GRACE = timedelta(minutes=5)
NIGHTS = Window(Cron("0 3 * * *"), timedelta(hours=2))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


BEGUN = at("2026-01-10 12:00")
RECORD = RotationRecord(
    RotationPhase.IDLE, 1, BEGUN, current=Material("", SecretText("a value of a test"))
)


def request_with(rotation: Rotation | None) -> SecretRequest:
    return SecretRequest(NAME, reference_of("main", NAME), Random(32), rotation=rotation)


@pytest.mark.parametrize(
    ("zone", "expression", "after", "instant"),
    [
        (UNIVERSAL, "0 3 * * *", "2026-03-28 12:00", "2026-03-29 03:00"),
        (BERLIN, "0 3 * * *", "2026-03-27 12:00", "2026-03-28 02:00"),
        # In the night to the 29th the clock goes from 2 to 3: half past two is when it went.
        (BERLIN, "30 2 * * *", "2026-03-28 12:00", "2026-03-29 01:00"),
        (BERLIN, "30 2 * * *", "2026-03-29 01:00", "2026-03-30 00:30"),
        # In the night to the 25th of October half past two comes twice, and counts once.
        (BERLIN, "30 2 * * *", "2026-10-24 12:00", "2026-10-25 00:30"),
        (BERLIN, "30 2 * * *", "2026-10-25 00:30", "2026-10-26 01:30"),
        ("Australia/Lord_Howe", "15 2 * * *", "2026-10-03 12:00", "2026-10-03 15:30"),
    ],
)
def test_the_clock_of_a_place_is_followed_through_summer_time(
    zone: str, expression: str, after: str, instant: str
) -> None:
    assert next_after(Cron(expression, zone), at(after)) == at(instant)


@pytest.mark.parametrize(
    ("now", "is_it"),
    [
        ("2026-05-01 02:59:59", False), ("2026-05-01 03:00", True),
        ("2026-05-01 04:59:59.999999", True), ("2026-05-01 05:00", False),
    ],
)  # fmt: skip
def test_a_window_is_open_from_its_instant_on(now: str, is_it: bool) -> None:
    assert is_open(NIGHTS, at(now)) is is_it


def test_a_window_lasts_its_length_while_the_clock_jumps() -> None:
    night = Window(Cron("0 1 * * *", BERLIN), timedelta(hours=2))
    assert last_until(night.opens, at("2026-03-29 01:30")) == at("2026-03-29 00:00")
    assert is_open(night, at("2026-03-29 01:59"))
    assert not is_open(night, at("2026-03-29 02:00"))


@pytest.mark.parametrize(
    ("rotation", "instant"),
    [
        (Rotation(timedelta(days=30), GRACE), "2026-02-09 12:00"),
        (Rotation(None, GRACE, Cron("0 3 1 * *", BERLIN)), "2026-02-01 02:00"),
        (Rotation(timedelta(days=5), GRACE, Cron("0 3 1 * *")), "2026-01-15 12:00"),
        (Rotation(None, GRACE, max_age=timedelta(days=1)), "2026-01-11 12:00"),
        (Rotation(timedelta(days=5), GRACE, windows=(NIGHTS,)), "2026-01-16 03:00"),
        (Rotation(None, GRACE, Cron("30 3 * * *"), (NIGHTS,)), "2026-01-11 03:30"),
    ],
)
def test_a_rotation_is_due_at_an_instant_and_not_before(rotation: Rotation, instant: str) -> None:
    request, when = request_with(rotation), at(instant)
    second = timedelta(seconds=1)
    assert due(request, RECORD, when - second) is None
    assert due(request, RECORD, when) == "its time has come"
    looked = next_look(request, RECORD, BEGUN)
    assert looked is not None
    # Whoever comes again when told finds it in the end, and at the right instant.
    for _ in range(5):
        if due(request, RECORD, looked):
            break
        looked = next_look(request, RECORD, looked) or looked
    assert looked == when


def test_what_waits_for_a_window_goes_without_one_when_it_is_too_old() -> None:
    yearly = Window(Cron("0 3 1 7 *"), timedelta(hours=1))
    rotation = Rotation(timedelta(days=10), GRACE, windows=(yearly,), max_age=timedelta(days=20))
    request = request_with(rotation)
    assert due(request, RECORD, BEGUN + timedelta(days=19)) is None
    assert next_look(request, RECORD, BEGUN + timedelta(days=19)) == BEGUN + timedelta(days=20)
    cause = due(request, RECORD, BEGUN + timedelta(days=20))
    assert cause == "older than its `maxAge`, outside of its windows"
    patient = request_with(replace(rotation, max_age=None))
    assert due(patient, RECORD, BEGUN + timedelta(days=100)) is None
    assert next_look(patient, RECORD, BEGUN + timedelta(days=100)) == at("2026-07-01 03:00")
    assert due(patient, RECORD, at("2026-07-01 03:30")) == "its time has come"


def test_what_is_asked_for_waits_for_no_window() -> None:
    request = request_with(Rotation(timedelta(days=30), GRACE, windows=(NIGHTS,)))
    wish = replace(request, requested_at=BEGUN + timedelta(hours=1))
    assert due(wish, RECORD, BEGUN) is None
    assert due(wish, RECORD, BEGUN + timedelta(hours=1)) == "asked for"


def test_the_end_of_its_own_life_waits_for_no_window() -> None:
    maker = MemoryMaker(ends=BEGUN + timedelta(days=2))
    rotation = Rotation(timedelta(days=30), GRACE, windows=(NIGHTS,))
    request = replace(request_with(rotation), kind=Issued(maker))
    assert due(request, RECORD, BEGUN + timedelta(days=1)) is None
    assert next_look(request, RECORD, BEGUN) == BEGUN + timedelta(days=2)
    assert due(request, RECORD, BEGUN + timedelta(days=2)) == "the end of its life comes near"


def test_without_a_rotation_nothing_is_ever_due() -> None:
    request = request_with(None)
    assert due(request, RECORD, BEGUN + timedelta(days=10000)) is None
    assert next_look(request, RECORD, BEGUN) is None
