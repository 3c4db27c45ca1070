"""Plan and facts → risk: run the rules, give points, and add them up."""

from collections.abc import Iterable, Iterator

from controller.model.plan import Plan
from controller.model.risk import MOST, Risk, RiskReason
from controller.steps.risk.changes import read_changes
from controller.steps.risk.findings import RiskFacts, RiskFinding
from controller.steps.risk.rules import endings, exposure, reach, rights, safeguards, unknowns
from controller.steps.risk.table import AGAIN, MOST_AGAIN, RULES

MOST_LISTED = 20
"""So many reasons of one rule are listed; the rest is counted."""


def assess(plan: Plan, facts: RiskFacts) -> Risk:
    """Say how dangerous it is to apply a plan, and why.

    The order of resources and attributes does not matter, and one more dangerous change never
    makes the score smaller. What an exception allows is told and weighs nothing. Raises nothing.
    """
    changes, types, existing = read_changes(plan)
    found = {
        *endings.find(changes),
        *exposure.find(changes),
        *rights.find(changes),
        *safeguards.find(changes),
        *unknowns.find(changes),
        *reach.find(plan, changes, (types, existing), facts),
    }
    reasons = sorted(
        _weigh(found, facts),
        key=lambda r: (-r.points, r.code, not r.address, r.address, r.sentence),
    )
    return Risk(min(MOST, sum(reason.points for reason in reasons)), tuple(reasons))


def _weigh(found: Iterable[RiskFinding], facts: RiskFacts) -> Iterator[RiskReason]:
    by_code: dict[str, list[RiskFinding]] = {}
    for finding in sorted(found, key=lambda f: (f.code, f.address, f.sentence)):
        exception = next(
            (
                a.exception
                for a in facts.allowed
                if a.covers(f"risk/{finding.code}", finding.address)
            ),
            None,
        )
        if exception is None:
            by_code.setdefault(finding.code, []).append(finding)
        else:
            sentence = f"{finding.sentence}; exception `{exception}` allows it"
            yield RiskReason(0, finding.code, sentence, finding.address)
    for code, findings in by_code.items():
        for place, finding in enumerate(findings[:MOST_LISTED]):
            points = RULES[code].points if place == 0 else AGAIN * (place <= MOST_AGAIN)
            yield RiskReason(points, code, finding.sentence, finding.address)
        more = len(findings) - MOST_LISTED
        if more > 0:
            yield RiskReason(0, code, f"and {more} more of the kind: {RULES[code].title}")
