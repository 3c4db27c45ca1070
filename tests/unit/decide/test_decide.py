"""When a release comes, what is awaited, and when it goes back."""

from dataclasses import replace

import pytest

from controller.model.decision import DecisionKind
from controller.steps.decide.decide import decide
from controller.steps.decide.question import Answer, Ask
from tests.unit.decide.decide_questions import (
    DEV,
    NEW,
    NOW,
    OLD,
    OLDER,
    PRODUCTION,
    STAGING,
    approval,
    gate,
    question,
    release,
    verified_in,
)

NEEDS_APPROVAL = (
    "the approval of one person other than its author Ada Lovelace <ada@example.com>"
    " for shop@aaaaaaaaaaaa in shop/production"
)


def test_who_may_not_approve_is_named_once():
    decision = decide(
        question(
            approvals=(),
            authors=("Bea <bea@example.com>", "bea", "ada", "Bea <Bea@Example.com>"),
            asked=Ask("bea@example.com", NOW),
        ),
        NOW,
    )
    assert decision.because == NEEDS_APPROVAL.replace("its author ", "its authors ").replace(
        "<ada@example.com>", "<ada@example.com>, Bea <bea@example.com>"
    )


def decided(**changes):
    return decide(question(**changes), NOW)


def test_a_release_with_every_proof_is_promoted():
    decision = decided()
    assert decision.kind == DecisionKind.PROMOTE
    assert (decision.stage, decision.release, decision.previous) == (PRODUCTION, NEW, OLD.commit)
    assert all(item.ok is True for item in decision.items)
    assert decision.because == "verified in shop/staging, approved by grace"
    assert [a.by for a in decision.approvals] == ["grace"]
    assert decision.gates == (gate("pass"),)
    assert decision.decided_at == NOW


def test_a_first_stage_takes_every_new_release():
    decision = decided(stage=DEV, after=(), approvals_required=0, previous="", current=None)
    assert decision.kind == DecisionKind.PROMOTE
    assert decision.because == "every new release comes to shop/dev"


@pytest.mark.parametrize(
    ("changes", "ok", "because"),
    [
        ({"suspended": True}, False, "somebody has to resume production"),
        ({"suspended": None}, None, "whether production is suspended is not known"),
        ({"held": "sale"}, False, "shop/production is held where it is until released: sale"),
        ({"held": ""}, False, "shop/production is held where it is until released"),
        ({"candidate": OLD, "after": ()}, False, "a new release (and 1 more)"),
        (
            {"rejected": NEW.digest},
            False,
            "a new release: shop@aaaaaaaaaaaa was taken back from shop/production",
        ),
        (
            {"after": (verified_in(release=None),)},
            None,
            "shop@aaaaaaaaaaaa has to be in shop/staging first",
        ),
        (
            {"after": (verified_in(release=OLD.digest),)},
            False,
            "shop@aaaaaaaaaaaa has to be in shop/staging first",
        ),
        (
            {"after": (verified_in(ready=Answer(ok=False, names=("shop-db", "shop-api"))),)},
            False,
            "units to be ready in shop/staging: shop-api, shop-db",
        ),
        (
            {"after": (verified_in(ready=Answer(ok=None)),)},
            None,
            "units to be ready in shop/staging (not known)",
        ),
        (
            {"after": (verified_in(in_sync=Answer(ok=False, names=("shop-api",))),)},
            False,
            "drift to be mended in shop/staging: shop-api",
        ),
        (
            {"after": (verified_in(secrets=Answer(ok=None, names=("shop-api-key",))),)},
            None,
            "secrets to be delivered in shop/staging: shop-api-key",
        ),
        (
            {"after": (verified_in(gates=()),)},
            None,
            "the gate shop-load in shop/staging has to answer",
        ),
        (
            {"after": (verified_in(gates=(gate("pass", of=OLD),)),)},
            None,
            "the gate shop-load in shop/staging has to answer",
        ),
        (
            {"after": (verified_in(gates=(gate("pass", name="other"),)),)},
            None,
            "the gate shop-load in shop/staging has to answer",
        ),
        (
            {"after": (verified_in(gates=(gate("fail"),)),)},
            False,
            "the gate shop-load in shop/staging says fail: p95 is 868 ms, wanted <150ms",
        ),
        (
            {"after": (verified_in(gates=(gate("invalid", why="generator busy"),)),)},
            None,
            "the gate shop-load in shop/staging says invalid: generator busy",
        ),
        (
            {
                "after": (verified_in(gates=(gate("warn", why="170 ms"),)),),
                "warnings_allowed": False,
            },
            False,
            "the gate shop-load in shop/staging says warn: 170 ms",
        ),
        (
            {"approvals": ()},
            False,
            NEEDS_APPROVAL,
        ),
        (
            {"candidate": replace(NEW, author=" ")},
            None,
            "the author of shop@aaaaaaaaaaaa is not known, so that nobody can approve it",
        ),
    ],
)
def test_what_is_awaited_is_said_in_one_line(changes, ok, because):
    decision = decided(**changes)
    assert decision.kind == DecisionKind.WAIT
    assert decision.because == because
    blocking = [item for item in decision.items if item.ok is not True]
    assert blocking[0].ok is ok


def test_a_warning_lets_a_release_through_where_it_is_allowed():
    assert decided(after=(verified_in(gates=(gate("warn"),)),)).kind == DecisionKind.PROMOTE


def test_the_last_answer_of_a_gate_counts():
    again = verified_in(gates=(gate("invalid"), gate("pass")))
    assert decided(after=(again,)).kind == DecisionKind.PROMOTE
    worse = verified_in(gates=(gate("pass"), gate("fail")))
    assert decided(after=(worse,)).kind == DecisionKind.WAIT


def test_every_stage_before_has_to_agree():
    assert decided(after=(verified_in(DEV), verified_in())).kind == DecisionKind.PROMOTE
    late = verified_in(DEV, ready=Answer(ok=False))
    assert decided(after=(late, verified_in())).kind == DecisionKind.WAIT


@pytest.mark.parametrize(
    "by",
    [
        "Ada Lovelace <ada@example.com>",
        "ada@example.com",
        "ADA@Example.com ",
        "ada",
        "Ada Lovelace",
        "",
        " ",
    ],
)
def test_nobody_approves_their_own_release(by):
    assert decided(approvals=(approval(by),)).kind == DecisionKind.WAIT


@pytest.mark.parametrize(
    "approvals",
    [
        (approval("grace"), approval("Grace")),
        (approval("grace"), approval("Grace Hopper <grace@example.com>")),
        (approval("grace"), approval("ada")),
        (approval("grace"), approval("linus", of=OLD)),
        (approval("grace"), approval("linus", stage=STAGING)),
    ],
)
def test_two_approvals_are_of_two_people_for_this_release_and_stage(approvals):
    decision = decided(approvals_required=2, approvals=approvals)
    assert decision.kind == DecisionKind.WAIT
    assert decision.because.startswith("the approval of one person other than its author")


def test_an_approval_may_name_the_commit():
    by_commit = replace(approval("grace"), release=NEW.commit)
    assert decided(approvals=(by_commit,)).kind == DecisionKind.PROMOTE


FAILED_HERE = {
    "stage": DEV,
    "after": (),
    "approvals_required": 0,
    "approvals": (),
    "candidate": NEW,
    "current": NEW.digest,
    "previous": NEW.commit,
    "gates_required": ("shop-load",),
    "gates": (gate("fail"),),
    "verified": OLD,
}


def test_a_failed_gate_takes_the_release_back_to_the_verified_one():
    decision = decided(**FAILED_HERE)
    assert decision.kind == DecisionKind.ROLL_BACK
    assert (decision.release, decision.previous) == (OLD, NEW.commit)
    assert decision.because == (
        "the gate shop-load in shop/dev says fail: p95 is 868 ms, wanted <150ms;"
        " it goes back to shop@bbbbbbbbbbbb"
    )


@pytest.mark.parametrize("ruling", ["pass", "warn", "invalid", "unknown"])
def test_only_a_fail_takes_a_release_back(ruling):
    decision = decided(**{**FAILED_HERE, "gates": (gate(ruling),)})
    assert decision.kind == DecisionKind.WAIT


@pytest.mark.parametrize(
    "changes",
    [
        {"verified": None},
        {"verified": NEW},
        {"rejected": OLD.digest},
        {"gates": (gate("fail", of=OLDER),)},
        {"gates": (gate("fail"), gate("pass"))},
        {"gates_required": ()},
        {"current": None, "candidate": NEW, "rejected": NEW.digest},
    ],
)
def test_without_a_fail_of_this_release_and_a_way_back_it_stays(changes):
    assert decided(**{**FAILED_HERE, **changes}).kind == DecisionKind.WAIT


def test_a_failed_release_without_a_way_back_waits_for_a_new_one_and_lets_it_in():
    stuck = {**FAILED_HERE, "verified": None}
    assert "a new release: the gate shop-load in shop/dev says fail" in decided(**stuck).because
    assert decided(**{**stuck, "candidate": release("d")}).kind == DecisionKind.PROMOTE


@pytest.mark.parametrize("changes", [{"held": "x"}, {"suspended": True}, {"suspended": None}])
def test_a_held_or_suspended_stage_is_not_rolled_back(changes):
    decision = decided(**{**FAILED_HERE, **changes})
    assert decision.kind == DecisionKind.WAIT
    assert "it goes back to shop@bbbbbbbbbbbb" in decision.because


def test_yes_with_names_of_those_that_are_not_is_no_yes():
    contradiction = verified_in(ready=Answer(ok=True, names=("shop-db",)))
    assert decided(after=(contradiction,)).kind == DecisionKind.WAIT
