from dataclasses import replace

import pytest

from controller.diagnostics.errors import Bug
from controller.model.allowance import Allowance
from controller.model.names import Commit, Digest, UnitName
from controller.model.plan import Action, Plan, PlanBinding, ResourceChange
from controller.model.verdict import Level, Ruling
from controller.steps.policy.judge import PolicyRule, StackTraits, judge
from controller.steps.policy.table import RULES
from schemas.rules import BUILT_IN

OPEN = StackTraits("api")
PROTECTED = StackTraits("db", protect=True)
UNIT = UnitName("shop", "dev", "api")


def plan_of(*actions: Action, provisional: tuple[str, ...] = ()) -> Plan:
    empty = Digest("sha256:0")
    return Plan(
        unit=UNIT,
        digest=Digest("sha256:plan"),
        binding=PlanBinding(Commit("c"), empty, empty, empty, "memory 1", "", 0),
        changes=tuple(
            ResourceChange(f"thing.{number}", "thing", action)
            for number, action in enumerate(actions)
        ),
        drift=(),
        outputs_change=False,
        provisional=provisional,
    )


def test_a_plan_that_breaks_nothing_is_allowed() -> None:
    verdict = judge(plan_of(Action.CREATE, Action.DELETE), OPEN)
    assert (verdict.ruling, verdict.findings) == (Ruling.ALLOWED, ())
    assert verdict.plan == "sha256:plan"


@pytest.mark.parametrize("action", [Action.DELETE, Action.REPLACE, Action.FORGET])
def test_what_would_not_live_on_in_a_protected_stack_needs_approval(action: Action) -> None:
    verdict = judge(plan_of(Action.UPDATE, action), PROTECTED)
    assert verdict.ruling == Ruling.NEEDS_APPROVAL
    (finding,) = verdict.findings
    assert (finding.rule, finding.address) == ("protected-stack", "thing.1")
    assert "`thing.1` would be" in finding.message


def test_updates_of_a_protected_stack_are_free() -> None:
    assert judge(plan_of(Action.UPDATE, Action.CREATE), PROTECTED).ruling == Ruling.ALLOWED


def test_an_approval_lets_through_what_needs_one_and_is_kept() -> None:
    verdict = judge(plan_of(Action.DELETE), PROTECTED, approved_by=("ann",))
    assert (verdict.ruling, verdict.approved_by) == (Ruling.ALLOWED, ("ann",))
    assert len(verdict.findings) == 1


def test_what_would_stay_behind_needs_approval_though_nothing_is_destroyed() -> None:
    plan = replace(plan_of(Action.CREATE), moved=("`aws`: `region` a → b",))
    verdict = judge(plan, OPEN, allowed=[Allowance("moves", "provider-moved", ())])
    assert verdict.ruling == Ruling.NEEDS_APPROVAL
    assert "`region` a → b" in verdict.findings[0].message
    assert judge(plan, OPEN, approved_by=("ann",)).ruling == Ruling.ALLOWED


def test_an_approval_does_not_help_against_a_denial() -> None:
    rules = [PolicyRule("protected-stack", "deny")]
    verdict = judge(plan_of(Action.DELETE), PROTECTED, rules, approved_by=("ann",))
    assert verdict.ruling == Ruling.DENIED


def test_a_policy_cannot_weaken_what_always_holds() -> None:
    rules = [PolicyRule("protected-stack", "warn")]
    verdict = judge(plan_of(Action.DELETE), PROTECTED, rules)
    assert verdict.ruling == Ruling.NEEDS_APPROVAL
    assert [finding.level for finding in verdict.findings] == [Level.APPROVAL]


@pytest.mark.parametrize(
    ("limit", "ruling"),
    [(1, Ruling.DENIED), (2, Ruling.ALLOWED), (0, Ruling.DENIED), (None, Ruling.DENIED)],
)
def test_deletions_and_replacements_are_counted(limit: int | None, ruling: Ruling) -> None:
    rules = [PolicyRule("too-many-deletions", "deny", limit)]
    plan = plan_of(Action.DELETE, Action.REPLACE, Action.CREATE, Action.FORGET)
    assert judge(plan, OPEN, rules).ruling == ruling


def test_a_warning_only_tells() -> None:
    rules = [PolicyRule("too-many-deletions", "warn", 0)]
    verdict = judge(plan_of(Action.DELETE), OPEN, rules)
    assert verdict.ruling == Ruling.ALLOWED
    assert [finding.message for finding in verdict.findings] == [
        "1 resource would be destroyed or replaced; at most 0 may be"
    ]


def test_a_provisional_plan_is_denied_everywhere() -> None:
    verdict = judge(plan_of(provisional=("`db` has changes pending",)), OPEN, approved_by=("ann",))
    assert verdict.ruling == Ruling.DENIED
    assert "`db` has changes pending" in verdict.findings[0].message


def test_the_order_of_policies_changes_nothing() -> None:
    rules = [PolicyRule("too-many-deletions", "warn", 0), PolicyRule("protected-stack", "deny")]
    plan = plan_of(Action.DELETE, Action.REPLACE)
    assert judge(plan, PROTECTED, rules) == judge(plan, PROTECTED, rules[::-1])


@pytest.mark.parametrize("rule", [PolicyRule("no-such", "deny"), PolicyRule("provisional", "so")])
def test_an_unknown_rule_or_level_is_a_bug(rule: PolicyRule) -> None:
    with pytest.raises(Bug):
        judge(plan_of(), OPEN, [rule])


def test_every_rule_of_the_schema_is_in_the_table() -> None:
    assert set(BUILT_IN) <= set(RULES)
