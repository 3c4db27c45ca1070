"""The rules, written out."""

from collections.abc import Callable, Iterator, Mapping

from controller.model.plan import Plan
from controller.steps.policy.rules import (
    import_changes,
    max_risk,
    protected_stack,
    provider_moved,
    provisional,
    too_many_deletions,
    touches_ignored_drift,
)
from controller.steps.policy.traits import Breach, PolicyRule, StackTraits

Rule = Callable[[Plan, StackTraits, PolicyRule], Iterator[Breach]]

RULES: Mapping[str, Rule] = {
    "import-changes": import_changes.find_breaches,
    "protected-stack": protected_stack.find_breaches,
    "provider-moved": provider_moved.find_breaches,
    "provisional": provisional.find_breaches,
    "max-risk": max_risk.find_breaches,
    "too-many-deletions": too_many_deletions.find_breaches,
    "touches-ignored-drift": touches_ignored_drift.find_breaches,
}

ALWAYS = (
    PolicyRule("provisional", "deny"),
    PolicyRule("protected-stack", "approval"),
    PolicyRule("import-changes", "approval"),
    PolicyRule("touches-ignored-drift", "approval"),
    PolicyRule("provider-moved", "approval"),
)
"""What holds without any Policy document, and cannot be weakened by one."""
