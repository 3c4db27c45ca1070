"""A record is sealed, says all that is needed to decide again, and bears no change."""

import json
import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.adapters.seal.ed25519 import Ed25519Keys, Ed25519Seal
from controller.model import canonical
from controller.model.canonical import digest_of
from controller.model.decision import DecisionKind, UnitRisk
from controller.model.measurement import ObjectiveResult
from controller.model.record import Background, Standing, UnitPlan
from controller.model.release import Hold
from controller.steps.decide import record as record_step
from controller.steps.decide import verify as verify_step
from controller.steps.decide.question import Ask, PastProof, WindowException
from controller.steps.decide.record import signed_part, write_record
from controller.steps.decide.settle import RULES, Basis, settle
from controller.steps.decide.verify import verify
from schemas.windows import Windows
from tests.unit.decide.decide_questions import (
    NEW,
    NOW,
    OLD,
    PRODUCTION,
    approval,
    gate,
    question,
    verified_in,
)
from tests.unit.decide.test_decide_properties import questions

SEAL = Ed25519Seal(Ed25519PrivateKey.from_private_bytes(b"s" * 32))
OTHER = Ed25519Seal(Ed25519PrivateKey.from_private_bytes(b"o" * 32))
WINDOWS = Windows.model_validate(
    {
        "allow": [{"cron": "0 9 * * MON-FRI", "for": "8h", "timeZone": "Europe/Berlin"}],
        "freeze": [{"from": "2026-12-20T18:00", "until": "2027-01-04T08:00", "reason": "holidays"}],
    }
)
OBJECTIVE = ObjectiveResult("p95", "<150ms", float("nan"), gate("pass").ruling, "", 41.25)
FULL = question(
    after=(
        verified_in(
            gates=(replace(gate("pass"), objectives=(OBJECTIVE,), score=97.5),),
            healthy_since=NOW - timedelta(hours=3),
            past=PastProof(NOW, timedelta(seconds=1.5)),
            risk=(UnitRisk("shop/staging/api", 45, "high", ("+45 a database is replaced",)),),
        ),
    ),
    asked=Ask("olga", NOW),
    soak=timedelta(hours=2),
    approvals=(replace(approval("grace"), reason="looks “well” \ud800\x1b[2J", groups=("rm",)),),
    approvals_expire=timedelta(days=7),
    authors=("Casey <casey@example.com>",),
    hold=Hold("olga", NOW - timedelta(days=2), "sale", NOW - timedelta(days=1)),
    windows=(WINDOWS,),
    exceptions=(WindowException("hot", "olga", "mends the outage", "2027-01-01"),),
)
CASES = Path(__file__).parents[2] / "cases" / "decide"
KNOWN = Background(
    changes=("Stack `api` of `shop`: inputs.replicas: 1 → 3",),
    plans=(UnitPlan("shop/staging/api", "1 to change", "policy allows the plan"),),
)


def sealed(asked=FULL, background=KNOWN, **more):
    basis = Basis(asked, **more)
    return write_record(replace(settle(basis, NOW), number=4), SEAL, basis, background)


PROMOTED = sealed()


def standing(text, known=SEAL, address=""):
    return verify(text, known, address).standing


def test_a_promotion_is_decided_again_from_its_record():
    assert json.loads(PROMOTED)["kind"] == "promote"
    found = verify(PROMOTED, Ed25519Keys([SEAL.key]), digest_of(PROMOTED))
    assert found.standing == Standing.VALID
    assert all(check.ok for check in found.checks)
    assert (found.stage, found.kind) == ("shop/production", "promote")
    assert sealed() == PROMOTED


@settings(deadline=None, max_examples=40)
@given(questions)
def test_whatever_is_decided_is_decided_again(asked):
    assert standing(sealed(asked)) == Standing.VALID


def test_a_release_that_another_one_came_instead_of_is_refused_with_what_it_waited_for():
    text = sealed(question(approvals=()), instead="shop@bbb", waited_for="an approval")
    told = json.loads(text)
    assert (told["kind"], told["because"]) == (
        "refuse", "superseded by shop@bbb; it waited for an approval",
    )  # fmt: skip
    assert told["release"]["commit"] == NEW.commit
    assert standing(text) == Standing.VALID


def test_what_a_person_decides_needs_no_rule_but_is_never_a_promotion(monkeypatch):
    decision = replace(settle(Basis(FULL), NOW), kind=DecisionKind.HOLD, by="olga")
    held = write_record(decision, SEAL)
    assert standing(held) == Standing.VALID
    monkeypatch.setattr(verify_step, "RULES", RULES + 1)
    assert standing(held) == Standing.VALID  # no rule was asked, so none can have changed
    for wrong in (DecisionKind.PROMOTE, DecisionKind.WAIT, DecisionKind.REFUSE):
        forged = write_record(replace(decision, kind=wrong), SEAL)
        assert standing(forged) == Standing.REFUSED
    assert standing(write_record(replace(decision, by=""), SEAL)) == Standing.REFUSED


def leaves(value, path=()):
    if isinstance(value, dict):
        for key, each in value.items():
            yield from leaves(each, (*path, key))
    elif isinstance(value, list) and value:
        for place, each in enumerate(value):
            yield from leaves(each, (*path, place))
    else:
        yield path


def changed(text, path, new):
    """Give the record with another leaf, written as records are."""
    told = json.loads(text)
    inner = told
    for key in path[:-1]:
        inner = inner[key]
    if inner[path[-1]] == new and type(inner[path[-1]]) is type(new):
        return None
    inner[path[-1]] = new
    return canonical.write(told)


LEAVES = list(leaves(json.loads(PROMOTED)))
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8), st.sampled_from(["promote", "wait", "pass", "fail", "grace", NEW.digest]),
)  # fmt: skip


@settings(deadline=None, max_examples=120)
@given(path=st.sampled_from(LEAVES), new=VALUES)
def test_no_leaf_can_be_changed(path, new):
    forged = changed(PROMOTED, path, new)
    if forged is None:
        return
    found = verify(forged, SEAL, digest_of(forged))
    assert found.standing in {Standing.REFUSED, Standing.NOT_SEALED} and found.failed


@settings(deadline=None, max_examples=80)
@given(place=st.integers(0, len(PROMOTED.encode()) - 1), new=st.binary(min_size=0, max_size=2))
def test_no_byte_can_be_changed(place, new):
    whole = PROMOTED.encode()
    forged = whole[:place] + new + whole[place + 1 :]
    if forged != whole:
        assert standing(forged.decode("utf-8", "replace")) != Standing.VALID
        assert standing(forged.decode("utf-8", "replace"), address=digest_of(PROMOTED)) == (
            Standing.REFUSED
        )


DECIDED = [path for path in LEAVES if path[0] not in {"seal", "basis", "background", "number"}]


@settings(deadline=None, max_examples=80)
@given(path=st.sampled_from(DECIDED), new=VALUES)
def test_not_even_who_has_the_key_makes_a_record_say_what_its_evidence_does_not(path, new):
    forged = changed(PROMOTED, path, new)
    if forged is None:
        return
    told = json.loads(forged)
    told["seal"]["signature"] = SEAL.sign(signed_part(told))
    found = verify(canonical.write(told), SEAL)
    again = json.loads(forged)
    if found.standing == Standing.VALID:  # another way to write the same, as 1.0 for 1
        assert record_step.read_record(again) == record_step.read_record(json.loads(PROMOTED))


def test_evidence_that_says_no_is_found_even_when_it_was_sealed_anew():
    told = json.loads(PROMOTED)
    told["basis"]["question"]["after"][0]["gates"][0]["ruling"] = "fail"
    told["seal"]["signature"] = SEAL.sign(signed_part(told))
    (wrong,) = verify(canonical.write(told), SEAL).failed
    assert wrong.check == "verdict" and "the evidence says wait" in wrong.said


def test_another_key_counts_only_where_it_is_known():
    basis = Basis(FULL)
    theirs = write_record(settle(basis, NOW), OTHER, basis)
    (wrong,) = verify(theirs, SEAL).failed
    assert wrong.check == "key" and OTHER.key in wrong.said
    both = Ed25519Keys([SEAL.key, OTHER.key])
    assert standing(theirs, both) == standing(PROMOTED, both) == Standing.VALID
    told = json.loads(theirs)
    told["seal"]["key"] = SEAL.key
    assert standing(canonical.write(told)) == Standing.REFUSED


@pytest.mark.parametrize("today", [0, RULES + 1, 99])
def test_a_verdict_by_other_rules_is_never_said_to_be_valid(today, monkeypatch):
    monkeypatch.setattr(verify_step, "RULES", today)
    found = verify(PROMOTED, SEAL)
    assert found.standing == Standing.OTHER_RULES
    assert f"this version has rules {today}" in found.failed[0].said


@pytest.mark.parametrize(
    "text", ["", "[]", "null", "{", "{}\n", "nan", '{"a": 1, "a": 1}', "[" * 9999]
)
def test_what_is_no_record_is_refused_with_words(text):
    assert verify(text, SEAL).standing == Standing.REFUSED
    assert verify(text, SEAL).checks[-1].said


def test_a_record_without_a_seal_is_told_apart_however_it_is_written():
    told = json.loads(PROMOTED)
    del told["seal"]
    for text in (canonical.write(told), json.dumps(told), '{"because": "x"}\n'):
        found = verify(text, SEAL)
        assert found.standing == Standing.NOT_SEALED and found.failed


def test_a_topic_that_nothing_is_known_of_says_so():
    empty = json.loads(sealed(question(after=()), Background()))
    answers = {topic["topic"]: topic["answer"] for topic in empty["account"]}
    assert answers == {
        "changes": "unknown", "plan and risk": "unknown", "policy": "unknown",
        "load": "not asked", "secrets": "not asked", "drift": "not asked", "soak": "not asked",
        "windows": "yes", "approvals": "yes",
    }  # fmt: skip
    full = {t["topic"]: (t["answer"], t["said"]) for t in json.loads(PROMOTED)["account"]}
    assert all(answer == "yes" for answer, _ in full.values())
    assert "45 (high); +45 a database is replaced" in full["plan and risk"][1][0]
    assert any("let through by the Exception `hot`" in said for said in full["windows"][1]) or (
        full["windows"][1] == ["no freeze, and within every window"]
    )


def test_a_record_that_is_too_large_leaves_out_what_no_rule_asks_for():
    objectives = tuple(replace(OBJECTIVE, reason="x" * 900) for _ in range(300))
    staging = verified_in(gates=(replace(gate("pass"), objectives=objectives),))
    text = sealed(question(after=(staging,)), Background(changes=("y" * 300_000,)))
    assert len(text.encode()) < 256 * 1024
    assert json.loads(text)["background"]["changes"] is None
    assert standing(text) == Standing.VALID


@pytest.mark.parametrize("file", sorted(CASES.glob("*.json")), ids=lambda file: file.stem)
def test_a_record_of_an_earlier_day_is_still_decided_alike(file):
    """When it is not, an answer of `decide` has changed: raise `RULES`, and add cases of today."""
    text = file.read_text()
    is_of_today = json.loads(text)["rules"] == RULES
    assert standing(text) == (Standing.VALID if is_of_today else Standing.OTHER_RULES)


def test_there_is_a_case_of_each_kind_by_the_present_rules():
    """`TRUEUP_TEST_SNAPSHOTS=1` writes what is not there."""
    slow = (gate("fail", of=OLD),)
    made = {
        "promote": PROMOTED,
        "wait": sealed(question(approvals=())),
        "refuse": sealed(question(approvals=()), instead="shop@bbb", waited_for="a word"),
        "roll-back": sealed(
            question(gates_required=("shop-load",), gates=slow, verified=NEW, candidate=OLD)
        ),
    }
    for kind, text in made.items():
        file = CASES / f"{kind}-{RULES}.json"
        if os.environ.get("TRUEUP_TEST_SNAPSHOTS") and not file.exists():
            file.write_text(text)
        assert json.loads(file.read_text())["kind"] == json.loads(text)["kind"] == kind


def test_old_and_stage_are_as_they_were():
    told = json.loads(PROMOTED)
    assert told["previous"] == OLD.commit
    assert told["stage"] == {"product": PRODUCTION.product, "environment": "production"}
