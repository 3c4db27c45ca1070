"""Decision and background → an account by topics: what is known, what is not, what was not asked.

Whoever signs a release goes through the same list each time; a topic is never left out.
"""

from collections.abc import Sequence

from controller.model.decision import Decision, DecisionKind, EvidenceItem
from controller.model.record import Background, Topic
from controller.steps.decide.people import CHECK as APPROVED
from controller.steps.decide.settle import Basis
from controller.steps.decide.windows import CHECK as IN_WINDOW

YES, NO, UNKNOWN, NOT_ASKED = "yes", "no", "unknown", "not asked"
_BY_ITEMS = (
    ("load", ("gate ", "one gate of ")),
    ("secrets", ("secrets delivered in ",)),
    ("drift", ("in sync in ",)),
    ("soak", ("soaked in ",)),
    ("windows", (IN_WINDOW,)),
    ("approvals", (APPROVED,)),
)


def account(decision: Decision, basis: Basis | None, background: Background) -> tuple[Topic, ...]:
    """Tell of each topic what the evidence says of it."""
    return (
        _known("changes", background.changes),
        _risk(decision, basis),
        _policy(background),
        *(_asked(topic, decision, checks) for topic, checks in _BY_ITEMS),
    )


def _known(topic: str, said: Sequence[str] | None) -> Topic:
    return Topic(topic, UNKNOWN) if said is None else Topic(topic, YES, tuple(said))


def _risk(decision: Decision, basis: Basis | None) -> Topic:
    told = tuple(
        f"{each.unit}: {each.score} ({each.level})" + "".join(f"; {why}" for why in each.reasons)
        for each in decision.risk
    )
    if told:
        return Topic("plan and risk", YES, told)
    if basis is not None and basis.question.after and _came_to_all(decision, basis):
        return Topic("plan and risk", YES, ("it changed nothing in the stages before",))
    why = f"what it changes in {decision.stage} is planned only once it is there"
    return Topic("plan and risk", UNKNOWN, (why,))


def _came_to_all(decision: Decision, basis: Basis) -> bool:
    return all(each.release == decision.release.digest for each in basis.question.after)


def _policy(background: Background) -> Topic:
    if background.plans is None:
        return Topic("policy", UNKNOWN)
    said = tuple(f"{each.unit}: {each.plan}: {each.policy}" for each in background.plans)
    return Topic("policy", YES, said or ("no unit of the stages before was changed",))


def _asked(topic: str, decision: Decision, checks: tuple[str, ...]) -> Topic:
    items = [item for item in decision.items if item.check.startswith(checks)]
    if not items:
        return Topic(topic, NOT_ASKED)
    said = [_said(item) for item in items]
    if topic == "load":
        said += [
            f"{gate.gate}: measured in {', '.join(gate.measurements)}"
            for gate in decision.gates
            if gate.measurements
        ]
    if topic == "approvals" and decision.kind == DecisionKind.PROMOTE:
        said += [
            f"{each.by} at {each.at.isoformat()}" + (f": {each.reason}" if each.reason else "")
            for each in decision.approvals
        ]
    return Topic(topic, _answer([item.ok for item in items]), tuple(said))


def _said(item: EvidenceItem) -> str:
    return item.detail if item.ok is True else f"awaited: {item.detail}"


def _answer(answers: Sequence[bool | None]) -> str:
    if False in answers:
        return NO
    return UNKNOWN if None in answers else YES
