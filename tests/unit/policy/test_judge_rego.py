"""What answers of policies in Rego lead to, and what a risk does."""

from dataclasses import replace
from typing import Any

import pytest

from controller.model.allowance import Allowance
from controller.model.risk import Risk, RiskReason
from controller.model.verdict import Level, Ruling, Verdict
from controller.ports.policy_engine import PolicyAnswer, PolicyModules, PolicySaying
from controller.steps.policy.judge import PolicyRule, StackTraits, judge
from controller.steps.policy.traits import RegoRule
from tests.unit.risk.plans import plan_of

OPEN = StackTraits("api")
PATH = "policies/network.rego"
DENY, WARN = PolicySaying("deny_ports", "no", "a.b"), PolicySaying("warn", "careful")
PLAN = replace(plan_of(), outputs_change=True)


def verdict_of(
    *sayings: PolicySaying, level: str = "deny", problem: str = "", **more: Any
) -> Verdict:
    rule = RegoRule(level, PolicyModules(PATH, {PATH: "package main"}))
    answer = PolicyAnswer(PATH, sayings, problem)
    return judge(PLAN, OPEN, (), ((rule, answer),), **more)


@pytest.mark.parametrize(
    ("level", "ruling"),
    [
        ("deny", Ruling.DENIED),
        ("approval", Ruling.NEEDS_APPROVAL),
        ("warn", Ruling.ALLOWED),
    ],
)
def test_what_is_denied_has_the_level_of_the_document(level: str, ruling: Ruling) -> None:
    assert verdict_of(DENY, level=level).ruling == ruling
    assert verdict_of(problem="it did not end", level=level).ruling == ruling


def test_a_warning_only_tells_and_so_does_what_the_policy_itself_excepts() -> None:
    excepted = replace(DENY, excepted=True)
    verdict = verdict_of(WARN, excepted)
    assert (verdict.ruling, {f.level for f in verdict.findings}) == (
        Ruling.ALLOWED,
        {Level.ADVISORY},
    )


def test_a_policy_that_cannot_be_asked_is_named() -> None:
    (finding,) = verdict_of(problem="it did not end").findings
    assert finding.message == f"policy `{PATH}` could not be asked: it did not end"


def test_an_exception_allows_what_it_names() -> None:
    here = (Allowance("e", PATH, ("a.*",)),)
    there = (Allowance("e", PATH, ("c.*",)),)
    assert verdict_of(DENY, allowed=here).ruling == Ruling.ALLOWED
    (told,) = verdict_of(DENY, allowed=here).findings
    assert str(told).endswith("(allowed by the Exception `e`)")
    assert verdict_of(DENY, allowed=there).ruling == Ruling.DENIED
    assert verdict_of(problem="it did not end", allowed=here).ruling == Ruling.DENIED


@pytest.mark.parametrize(("score", "ruling"), [(40, Ruling.ALLOWED), (41, Ruling.NEEDS_APPROVAL)])
def test_the_highest_risk(score: int, ruling: Ruling) -> None:
    risk = Risk(score, (RiskReason(score, "ends", "`a.b` is destroyed", "a.b"),))
    rules = (PolicyRule("max-risk", "approval", 40),)
    verdict = judge(PLAN, StackTraits("api", risk=risk), rules)
    assert (verdict.ruling, verdict.risk) == (ruling, risk)
    for finding in verdict.findings:
        assert finding.message == "the risk is 41 (medium), above 40: `a.b` is destroyed"


def test_a_risk_that_is_not_known_is_no_small_one() -> None:
    assert judge(PLAN, OPEN, (PolicyRule("max-risk", "deny", 100),)).ruling == Ruling.DENIED
    assert judge(plan_of(), OPEN, (PolicyRule("max-risk", "deny", 0),)).ruling == Ruling.ALLOWED
