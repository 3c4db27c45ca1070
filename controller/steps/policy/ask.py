"""Plan → answers: what policies in Rego say of it."""

from collections.abc import Sequence

from controller.model.graph import Unit
from controller.model.plan import Plan
from controller.ports.policy_engine import PolicyAnswer, PolicyEngine
from controller.steps.policy.traits import RegoRule, StackTraits


async def ask(
    rules: Sequence[RegoRule], plan: Plan, unit: Unit, stack: StackTraits, *, engine: PolicyEngine
) -> tuple[tuple[RegoRule, PolicyAnswer], ...]:
    """Ask each rule; a plan that changes nothing is not asked about.

    May be repeated. Raises nothing: a rule that cannot answer says so in its answer.
    """
    if plan.is_empty:
        return ()
    there = [rule for rule in rules if rule.modules.files]
    answers = await engine.evaluate(
        plan.document.text(), _about(plan, unit, stack), [rule.modules for rule in there]
    )
    missing = [
        (rule, PolicyAnswer(rule.rule, problem=f"`{rule.rule}` is not there"))
        for rule in rules
        if not rule.modules.files
    ]
    return (*zip(there, answers, strict=True), *missing)


def _about(plan: Plan, unit: Unit, stack: StackTraits) -> dict[str, object]:
    """Give what policies find as `input.trueup`."""
    risk = stack.risk
    return {
        "unit": str(plan.unit),
        "product": plan.unit.product,
        "environment": plan.unit.environment,
        "stack": plan.unit.stack,
        "module": unit.stack.spec.module,
        "labels": dict(unit.stack.metadata.labels),
        "protected": stack.protect,
        "provisional": list(plan.provisional),
        "moved": list(plan.moved),
        "risk": {
            "score": risk.score if risk else None,
            "level": str(risk.level) if risk else None,
            "reasons": [
                {
                    "points": reason.points,
                    "code": reason.code,
                    "sentence": reason.sentence,
                    "address": reason.address,
                }
                for reason in (risk.reasons if risk else ())
            ],
        },
    }
