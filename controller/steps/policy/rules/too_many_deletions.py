"""`too-many-deletions`: no more than `limit` resources of a unit go away at once."""

from collections.abc import Iterator

from controller.model.plan import Action, Plan
from controller.steps.policy.traits import Breach, PolicyRule, StackTraits


def find_breaches(plan: Plan, _stack: StackTraits, setting: PolicyRule) -> Iterator[Breach]:
    """Count what would be destroyed or replaced; without a limit nothing may."""
    limit = setting.limit or 0
    counts = plan.counts()
    going = counts.get(Action.DELETE, 0) + counts.get(Action.REPLACE, 0)
    if going > limit:
        plural = "" if going == 1 else "s"
        yield Breach(
            f"{going} resource{plural} would be destroyed or replaced; at most {limit} may be"
        )
