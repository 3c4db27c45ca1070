"""States that are gone, or were put in place of another: what was applied is not known to them."""

from controller.diagnostics.errors import StateReplaced
from controller.model.condition import ConditionType
from controller.model.outcome import Outcome
from controller.model.plan import Plan
from controller.model.status import UnitStatus
from controller.model.verdict import Level, PolicyFinding


def has_other_state(status: UnitStatus) -> bool:
    """Tell whether the last look found another state than the last apply had left."""
    look = status.condition(ConditionType.IN_SYNC)
    return look is not None and look.reason == StateReplaced.__name__


def state_finding(outcome: Outcome | None, plan: Plan) -> PolicyFinding | None:
    """Find that a plan was made from a state that does not know what was applied.

    It would make everything once more, or destroy nothing and forget it.
    """
    binding = plan.binding
    why = outcome.missing_in(binding.lineage, binding.serial) if outcome else ""
    if not why:
        return None
    return PolicyFinding(
        "state-replaced",
        Level.APPROVAL,
        f"the state is not the one that was applied last: {why}; what it does not know would be"
        f" made once more, or be left behind; `trueup state history {plan.unit}` lists those that"
        " can be brought back",
    )
