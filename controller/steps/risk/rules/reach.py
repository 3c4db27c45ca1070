"""How far it goes and how new it is: dependents, size, what was never done before."""

from collections.abc import Iterator, Sequence

from controller.model.plan import Plan
from controller.steps.risk.findings import Change, RiskFacts, RiskFinding

MANY = (("size-large", 200), ("size-medium", 50), ("size-small", 10))
"""From how many changes on; one of the rules holds."""
FEW_RESOURCES = 4
HALF = 2
NAMED = 4


def find(
    plan: Plan, changes: Sequence[Change], there: tuple[frozenset[str], int], facts: RiskFacts
) -> Iterator[RiskFinding]:
    """Find what makes any change of this unit weigh more."""
    if not changes:
        return
    yield from _dependents(changes, facts)
    yield from _size(changes, there[1])
    yield from _novelty(changes, there[0], facts)
    for moved in plan.moved:
        yield RiskFinding("provider-moved", f"its provider now looks elsewhere: {moved}")
    for reason in sorted(plan.provisional):
        yield RiskFinding("provisional", f"the plan is provisional: {reason}")


def _dependents(changes: Sequence[Change], facts: RiskFacts) -> Iterator[RiskFinding]:
    if all(change.is_new for change in changes):
        return
    for name in sorted(facts.dependents):
        yield RiskFinding("dependent", f"`{name}` depends on this unit", name)


def _size(changes: Sequence[Change], existing: int) -> Iterator[RiskFinding]:
    for code, least in MANY:
        if len(changes) > least:
            yield RiskFinding(code, f"{len(changes)} resources change at once")
            break
    touched = sum(not change.is_new for change in changes)
    if existing >= FEW_RESOURCES and touched * HALF > existing:
        yield RiskFinding("share", f"{touched} of the unit's {existing} resources change")


def _novelty(
    changes: Sequence[Change], known: frozenset[str], facts: RiskFacts
) -> Iterator[RiskFinding]:
    if not facts.applied_before:
        yield RiskFinding("first", "nothing of this unit was applied before")
    else:
        for kind in sorted({c.type for c in changes if c.is_new} - known):
            yield RiskFinding("new-type", f"the unit had no `{kind}` before", kind)
    if facts.earlier_stages and not facts.tried_in_earlier_stage:
        stages = ", ".join(f"`{name}`" for name in facts.earlier_stages[:NAMED])
        yield RiskFinding("untried", f"the module was not applied in this form in {stages}")
