"""`protected-stack`: nothing in a stack with `protect: true` goes away or is replaced."""

from collections.abc import Iterator

from controller.model.plan import Action, Plan
from controller.steps.policy.traits import Breach, PolicyRule, StackTraits

ENDINGS = {
    Action.DELETE: "would be destroyed",
    Action.REPLACE: "would be replaced",
    Action.FORGET: "would be forgotten",
}


def find_breaches(plan: Plan, stack: StackTraits, _setting: PolicyRule) -> Iterator[Breach]:
    """Find each resource of a protected stack that would not live on."""
    if not stack.protect:
        return
    for change in plan.changes:
        if ending := ENDINGS.get(change.action):
            yield Breach(
                f"`{change.address}` {ending}, and stack `{stack.name}` is protected",
                change.address,
            )
