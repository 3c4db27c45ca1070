"""Plan → verdict: run the rules, gather what they find, and say what may happen."""

from collections.abc import Iterator, Sequence

from controller.diagnostics.errors import Bug
from controller.model.plan import Plan
from controller.model.verdict import Level, PolicyFinding, Ruling, Verdict
from controller.steps.policy.table import ALWAYS, RULES
from controller.steps.policy.traits import PolicyRule, StackTraits

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
    *,
    approved_by: tuple[str, ...] = (),
) -> Verdict:
    """Judge a plan by the rules that always hold and by those of its environment.

    `approved_by` names who let exactly these changes through; it helps against `approval`, not
    against `deny`. What several settings of a rule find counts once, at the strictest level.
    Raises Bug for a rule or a level that there is not: documents are checked before they get here.
    """
    strictest: dict[tuple[str, str, str], PolicyFinding] = {}
    for finding in _find([*ALWAYS, *rules], plan, stack):
        key = (finding.rule, finding.address, finding.message)
        known = strictest.get(key)
        if known is None or _rank(finding) > _rank(known):
            strictest[key] = finding
    findings = tuple(strictest[key] for key in sorted(strictest))
    return Verdict(plan.digest, _rule(findings, approved_by), findings, approved_by)


def _find(
    settings: Sequence[PolicyRule], plan: Plan, stack: StackTraits
) -> Iterator[PolicyFinding]:
    for setting in settings:
        rule, level = RULES.get(setting.rule), _LEVELS.get(setting.level)
        if rule is None or level is None:
            raise Bug.because(f"there is no rule `{setting.rule}` at level `{setting.level}`")
        for breach in rule(plan, stack, setting):
            yield PolicyFinding(setting.rule, level, breach.message, breach.address)


def _rank(finding: PolicyFinding) -> int:
    return _SEVERITY.index(finding.level)


def _rule(findings: Sequence[PolicyFinding], approved_by: tuple[str, ...]) -> Ruling:
    levels = {finding.level for finding in findings}
    if Level.DENY in levels:
        return Ruling.DENIED
    if Level.APPROVAL in levels and not approved_by:
        return Ruling.NEEDS_APPROVAL
    return Ruling.ALLOWED
