"""Basis → decision, now or years later: the same rules give the same verdict."""

from dataclasses import dataclass, replace
from datetime import datetime

from controller.model.decision import Decision, DecisionKind
from controller.steps.decide.decide import decide
from controller.steps.decide.question import Question

RULES = 2
"""The number of the rules of this version: to be raised when any answer of `decide` changes, its
words included. Records keep theirs, so that no verdict is checked by rules it was not made by."""


@dataclass(frozen=True)
class Basis:
    """All that a decision by the rules is made from, beside the instant."""

    question: Question
    instead: str = ""
    """The release that came instead of the candidate, which waited; else empty."""
    waited_for: str = ""


def settle(basis: Basis, decided_at: datetime) -> Decision:
    """Decide by the rules; a candidate that another one came instead of is refused."""
    if not basis.instead:
        return decide(basis.question, decided_at)
    alone = replace(basis.question, gates=())  # whether the stage goes back is another decision
    waited = f"; it waited for {basis.waited_for}" if basis.waited_for else ""
    return replace(
        decide(alone, decided_at),
        kind=DecisionKind.REFUSE,
        because=f"superseded by {basis.instead}{waited}",
        by="",
        next_look=None,
    )
