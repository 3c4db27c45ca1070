"""`touches-ignored-drift`: what a rule in Git lets be is not put back without a word."""

from collections.abc import Iterator

from controller.model.plan import Action, Plan
from controller.steps.policy.traits import Breach, PolicyRule, StackTraits


def find_breaches(plan: Plan, stack: StackTraits, _setting: PolicyRule) -> Iterator[Breach]:
    """Find attributes that differ, are let be, and would be put back by this plan."""
    drifted = {
        (change.address, attribute.path)
        for change in plan.drift
        if change.action != Action.DELETE
        for attribute in change.attributes
    }
    for change in plan.changes:
        for attribute in change.attributes:
            path = (change.address, attribute.path)
            if path in drifted and any(rule(*path) for rule in stack.lets_be):
                yield Breach(
                    f"`{change.address}`: would put back `{attribute.path}`, "
                    "whose drift is ignored for now",
                    change.address,
                )
