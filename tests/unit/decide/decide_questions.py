"""Questions for the tests of decide: one whose answer is yes, to be spoilt in one place."""

from datetime import UTC, datetime

from controller.model.decision import Approval
from controller.model.measurement import GateResult, GateRuling
from controller.model.names import Commit, Digest, StageName
from controller.model.release import Release
from controller.steps.decide.question import Answer, EarlierStage, Question

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
DEV = StageName("shop", "dev")
STAGING = StageName("shop", "staging")
PRODUCTION = StageName("shop", "production")
YES = Answer(ok=True)


def release(letter, author="Ada Lovelace <ada@example.com>"):
    return Release("shop", Commit(letter * 40), Digest("sha256:" + letter * 64), author=author)


NEW, OLD, OLDER = release("a"), release("b"), release("c")


def gate(ruling, of=NEW, name="shop-load", why="p95 is 868 ms, wanted <150ms"):
    return GateResult(name, of.digest, GateRuling(ruling), (why,), (), Digest("sha256:" + "e" * 64))


def approval(by, of=NEW, stage=PRODUCTION):
    return Approval(stage, of.digest, by, NOW)


def verified_in(stage=STAGING, **changes):
    facts = {
        "release": NEW.digest,
        "ready": YES,
        "in_sync": YES,
        "secrets": YES,
        "gates_required": ("shop-load",),
        "gates": (gate("pass"),),
    }
    return EarlierStage(stage=stage, **{**facts, **changes})


def question(**changes):
    facts = {
        "stage": PRODUCTION,
        "candidate": NEW,
        "previous": OLD.commit,
        "current": OLD.digest,
        "after": (verified_in(),),
        "approvals_required": 1,
        "approvals": (approval("grace"),),
        "suspended": False,
    }
    return Question(**{**facts, **changes})
