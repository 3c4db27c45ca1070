"""`provider-moved`: nothing is left behind where a provider does not look any more."""

from collections.abc import Iterator

from controller.model.plan import Plan
from controller.steps.policy.traits import Breach, PolicyRule, StackTraits


def find_breaches(plan: Plan, _stack: StackTraits, _setting: PolicyRule) -> Iterator[Breach]:
    """Find that the unit's things may be where its providers do not look any more."""
    if plan.moved:
        yield Breach(
            f"its provider looks elsewhere now ({'; '.join(plan.moved)}): what the unit has "
            "may stay behind there, unmanaged and paid for. Put the configuration back; or "
            "destroy the unit first (`trueup explain apply/provider-moved`); or approve to leave "
            "it behind"
        )
