"""`import-changes`: taking something over changes nothing, unless somebody has looked at it."""

from collections.abc import Iterator

from controller.model.plan import Action, Plan
from controller.steps.policy.traits import Breach, PolicyRule, StackTraits

_HARMLESS = frozenset({Action.IMPORT, Action.READ, Action.NO_OP})


def find_breaches(plan: Plan, _stack: StackTraits, _setting: PolicyRule) -> Iterator[Breach]:
    """Find what a plan with an import would change besides."""
    if not any(change.imported for change in plan.changes):
        return
    for change in plan.changes:
        if change.action not in _HARMLESS:
            how = "of what is imported" if change.imported else "beside an import"
            yield Breach(f"`{change.address}`: {change.action} {how}", change.address)
