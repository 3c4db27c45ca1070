from dataclasses import replace
from datetime import UTC, datetime

from controller.model.condition import Condition, ConditionType, Truth
from controller.model.names import Commit, Digest, UnitName
from controller.model.outcome import Outcome
from controller.model.status import UnitStatus

NAME = UnitName("shop", "dev", "api")
OLD, NEW = Commit("a" * 40), Commit("b" * 40)
AT = datetime(2030, 1, 1, 12, 30, tzinfo=UTC)


def test_what_was_as_wanted_says_since_when_a_newer_commit_is_worked_on() -> None:
    ready = Condition(ConditionType.READY, Truth.TRUE, "Done", "as wanted", "sha1:x", AT)
    doing = Condition(ConditionType.RECONCILING, Truth.TRUE, "Doing", "an apply", "sha1:y", AT)
    outcome = Outcome(NAME, OLD, Digest("p"), "memory 1", "l", 1, Digest("f"))
    status = UnitStatus(NAME, NEW, outcome, (ready, doing))
    assert status.told() == "as wanted at aaaaaaaaaaaa; since 2030-01-01 12:30Z: an apply"
    assert replace(status, desired=OLD).told() == "as wanted"
    assert replace(status, conditions=(ready,)).told() == "as wanted"
    failed = replace(ready, status=Truth.FALSE, message="it failed")
    assert replace(status, conditions=(failed, doing)).told() == "it failed"
    assert replace(status, conditions=()).told() == "was not looked at yet"
