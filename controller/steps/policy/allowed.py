"""Findings of policy that an Exception allows for now."""

from collections.abc import Iterable
from datetime import date

from controller.steps.policy.traits import PolicyRule
from schemas.kinds.exception import AllowedFinding


def allowed_by(
    exceptions: Iterable[AllowedFinding],
    *,
    rule: str,
    product: str,
    stack: str,
    environment: str,
    today: date,
) -> AllowedFinding | None:
    """Give the exception that allows what a rule finds of a unit: the one that holds longest."""
    document = f"Stack/{stack}"
    fitting = [
        each
        for each in exceptions
        if each.spec.rule == rule
        and not each.has_expired(today)
        and each.covers(product=product, document=document, environment=environment)
    ]
    return max(fitting, key=lambda each: (each.spec.expires, each.metadata.name), default=None)


def softened(rules: Iterable[PolicyRule], allowed: Iterable[str]) -> tuple[PolicyRule, ...]:
    """Give the rules as they hold where some are allowed: those only tell."""
    names = frozenset(allowed)
    return tuple(
        PolicyRule(each.rule, "warn", each.limit) if each.rule in names else each for each in rules
    )
