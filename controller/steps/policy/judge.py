"""Plan → verdict: run the rules, gather what they find, and say what may happen."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from controller.diagnostics.errors import Bug
from controller.model.allowance import Allowance
from controller.model.plan import Plan
from controller.model.verdict import Level, PolicyFinding, Ruling, Verdict
from controller.ports.policy_engine import PolicyAnswer
from controller.steps.policy.table import ALWAYS, RULES
from controller.steps.policy.traits import PolicyRule, RegoRule, StackTraits

__all__ = ["PolicyRule", "StackTraits", "judge"]

_LEVELS = {
    "advisory": Level.ADVISORY,
    "warn": Level.ADVISORY,
    "approval": Level.APPROVAL,
    "deny": Level.DENY,
}
_SEVERITY = (Level.ADVISORY, Level.APPROVAL, Level.DENY)


def judge(
    plan: Plan,
    stack: StackTraits,
    rules: Sequence[PolicyRule] = (),
    answers: Sequence[tuple[RegoRule, PolicyAnswer]] = (),
    *,
    allowed: Sequence[Allowance] = (),
    approved_by: tuple[str, ...] = (),
) -> Verdict:
    """Judge a plan by the rules that always hold and by those of its environment.

    `answers` are those of the rules in Rego. What an exception allows, by `allowed`, only tells,
    but for what always holds. `approved_by` names who let exactly these changes through; it helps
    against `approval`, not against `deny`. What several settings of a rule find counts once, at the
    strictest level. Raises Bug for a rule or a level that there is not: documents are checked
    before they get here.
    """
    found = [
        *_find(ALWAYS, plan, stack),
        *(_softened(each, allowed) for each in _find(rules, plan, stack)),
        *(_softened(each, allowed) for each in _said(answers)),
    ]
    strictest: dict[tuple[str, str, str], PolicyFinding] = {}
    for finding in found:
        key = (finding.rule, finding.address, finding.message)
        known = strictest.get(key)
        if known is None or _rank(finding) > _rank(known):
            strictest[key] = finding
    findings = tuple(strictest[key] for key in sorted(strictest))
    ruling = _rule(findings, approved_by)
    return Verdict(plan.digest, ruling, findings, approved_by, stack.risk)


def _find(
    settings: Sequence[PolicyRule], plan: Plan, stack: StackTraits
) -> Iterator[PolicyFinding]:
    for setting in settings:
        rule, level = RULES.get(setting.rule), _LEVELS.get(setting.level)
        if rule is None or level is None:
            raise Bug.because(f"there is no rule `{setting.rule}` at level `{setting.level}`")
        for breach in rule(plan, stack, setting):
            yield PolicyFinding(setting.rule, level, breach.message, breach.address)


def _said(answers: Sequence[tuple[RegoRule, PolicyAnswer]]) -> Iterator[PolicyFinding]:
    """Read answers; a policy that could not answer counts as if it had found something."""
    for rule, answer in answers:
        level = _LEVELS.get(rule.level)
        if level is None:
            raise Bug.because(f"there is no level `{rule.level}`")
        if answer.problem:
            message = f"policy `{rule.rule}` could not be asked: {answer.problem}"
            yield PolicyFinding(rule.rule, level, message)
        for saying in answer.sayings:
            own = Level.ADVISORY if saying.only_warns else level
            yield PolicyFinding(rule.rule, own, saying.message, saying.address)


def _softened(finding: PolicyFinding, allowed: Sequence[Allowance]) -> PolicyFinding:
    by = next((each for each in allowed if each.covers(finding.rule, finding.address)), None)
    if by is None:
        return finding
    return replace(finding, level=Level.ADVISORY, allowed_by=by.exception)


def _rank(finding: PolicyFinding) -> int:
    return _SEVERITY.index(finding.level)


def _rule(findings: Sequence[PolicyFinding], approved_by: tuple[str, ...]) -> Ruling:
    levels = {finding.level for finding in findings}
    if Level.DENY in levels:
        return Ruling.DENIED
    if Level.APPROVAL in levels and not approved_by:
        return Ruling.NEEDS_APPROVAL
    return Ruling.ALLOWED
