"""What may pass is tried often, not for ever."""

from datetime import timedelta

import pytest

from controller.adapters.clock.memory import START
from controller.diagnostics.errors import (
    EngineFailed,
    EngineRefused,
    GaveUp,
    RepositoryUnreachable,
    Throttled,
    TrueupError,
    Waiting,
)
from controller.model.condition import Condition, ConditionType, Truth
from controller.model.names import Commit, UnitName
from controller.model.status import UnitStatus
from controller.workflows.patience import end_of

BROKE_OFF = EngineFailed.because("connection refused")


def status(failures: int, ready: Truth = Truth.FALSE) -> UnitStatus:
    condition = Condition(ConditionType.READY, ready, "EngineFailed", "m", "r", START)
    unit = UnitName("shop", "dev", "api")
    return UnitStatus(unit, Commit("a" * 40), conditions=(condition,), failures=failures)


@pytest.mark.parametrize(
    ("failures", "hours", "ready", "expected"),
    [
        (0, 0, Truth.FALSE, EngineFailed),
        (8, 1, Truth.FALSE, EngineFailed),
        (9, 0, Truth.FALSE, GaveUp),
        (2, 2, Truth.FALSE, GaveUp),
        (1, 9, Truth.FALSE, EngineFailed),
        (2, 9, Truth.TRUE, EngineFailed),
    ],
)
def test_ten_tries_or_two_hours_are_enough(
    failures: int, hours: int, ready: Truth, expected: type[TrueupError]
) -> None:
    ended = end_of(BROKE_OFF, status(failures, ready), START + timedelta(hours=hours))
    assert type(ended) is expected
    assert "connection refused" in str(ended)


def test_who_gives_up_says_what_to_do() -> None:
    (told,) = end_of(BROKE_OFF, status(20), START).diagnostics
    assert told.code == "engine/gave-up"
    assert "trueup reconcile shop/dev/api" in str(told.hint)


@pytest.mark.parametrize("error", [Throttled, EngineRefused, RepositoryUnreachable, Waiting])
def test_only_a_broken_engine_is_given_up(error: type[TrueupError]) -> None:
    raised = error.because("words")
    assert end_of(raised, status(99), START + timedelta(days=9)) is raised
    assert end_of(BROKE_OFF, None, START) is BROKE_OFF
