"""The rules that hold for a unit, and those of them that an Exception allows for now."""

from collections.abc import Iterable
from datetime import date

from controller.model.catalog import Catalog
from controller.model.names import UnitName
from controller.steps.policy.traits import PolicyRule
from schemas.kinds.exception import AllowedFinding
from schemas.kinds.policy import Policy


def rules_for(catalog: Catalog, unit: UnitName, today: date) -> tuple[PolicyRule, ...]:
    """Give the rules of the unit's environment; what an exception allows today only tells."""
    rules = tuple(
        PolicyRule(rule=rule.rule, level=rule.level, limit=rule.limit)
        for policy in catalog.all(Policy)
        if unit.environment in policy.spec.environments
        for rule in policy.spec.rules
    )
    exceptions = tuple(catalog.all(AllowedFinding))
    allowed = [
        rule.rule
        for rule in rules
        if allowed_by(
            exceptions, rule=rule.rule, product=unit.product, stack=unit.stack,
            environment=unit.environment, today=today,
        )
    ]  # fmt: skip
    return softened(rules, allowed)


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
