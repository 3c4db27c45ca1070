"""`provisional`: a plan whose inputs are not final can be shown, not applied. Holds everywhere."""

from collections.abc import Iterator

from controller.model.plan import Plan
from controller.steps.policy.traits import Breach, PolicyRule, StackTraits


def find_breaches(plan: Plan, _stack: StackTraits, _setting: PolicyRule) -> Iterator[Breach]:
    """Give each reason why the plan is provisional."""
    for reason in plan.provisional:
        yield Breach(f"the plan is provisional: {reason}")
