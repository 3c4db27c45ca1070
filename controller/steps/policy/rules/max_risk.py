"""`max-risk`: the risk of a plan is at most `limit`."""

from collections.abc import Iterator

from controller.model.plan import Plan
from controller.steps.policy.traits import Breach, PolicyRule, StackTraits

TOLD = 3


def find_breaches(plan: Plan, stack: StackTraits, setting: PolicyRule) -> Iterator[Breach]:
    """Compare the risk with the limit, and say what it comes from."""
    limit = setting.limit or 0
    if plan.is_empty:
        return
    if stack.risk is None:
        yield Breach(f"the risk is not known; it may be at most {limit}")
    elif stack.risk.score > limit:
        why = "; ".join(reason.sentence for reason in stack.risk.top()[:TOLD])
        yield Breach(f"the risk is {stack.risk}, above {limit}: {why}")
