"""Question → decision."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime

from controller.model.decision import Decision, DecisionKind, EvidenceItem
from controller.model.names import Digest
from controller.model.release import Release
from controller.steps.decide.earlier import soaks_until, verified_in
from controller.steps.decide.gates import GateRule
from controller.steps.decide.people import ApprovalRule
from controller.steps.decide.question import Question
from controller.steps.decide.windows import window_item


def decide(question: Question, decided_at: datetime) -> Decision:
    """Decide on one stage; the decision carries every item of evidence."""
    rest = [_not_suspended(question), _not_held(question, decided_at), *_not_edited(question)]
    own = GateRule(question.stage, question.gates_required, question.one_of)
    failed = own.fails(question.gates, question.current)
    back_to = question.verified
    no_way_back = {question.current, question.rejected}
    if failed and back_to is not None and back_to.digest not in no_way_back:
        items = [*rest, *failed, _verified(back_to)]
        blocking = [item for item in rest if item.ok is not True]
        kind = DecisionKind.WAIT if blocking else DecisionKind.ROLL_BACK
        said = f"{failed[0].detail}; it goes back to {back_to}"
        because = f"{_awaited(blocking)}; then: {said}" if blocking else said
        return _decision(question, kind, back_to, because, items, decided_at)
    items = [*rest, _is_new(question, failed), _is_not_rejected(question)]
    for earlier in question.after:
        items += verified_in(earlier, question, decided_at)
    window, changes_at = window_item(question.windows, question.exceptions, decided_at)
    items += [window, approval_rule(question).item(question.approvals, decided_at)]
    blocking = [item for item in items if item.ok is not True]
    kind = DecisionKind.WAIT if blocking else DecisionKind.PROMOTE
    because = _awaited(blocking) if blocking else _reason_to_promote(question, decided_at)
    decision = _decision(question, kind, question.candidate, because, items, decided_at)
    return _with_next_look(decision, question, changes_at)


def approval_rule(question: Question) -> ApprovalRule:
    """Give the rule by which words for the candidate count."""
    return ApprovalRule(
        question.stage,
        question.candidate,
        required=question.approvals_required,
        groups=question.groups,
        expire=question.approvals_expire,
        authors=question.authors,
        asked_by=question.asked.by if question.asked else "",
        evidence=evidence_seen(question),
    )


def evidence_seen(question: Question) -> Digest:
    """Give the digest of what a person who approves is shown: the release, its gates, its risk.

    What comes and goes by itself, as health, drift and windows, is asked again at the last moment
    and is no part of it.
    """
    digest = question.candidate.digest
    seen = [
        [
            str(earlier.stage),
            [
                [g.gate, str(g.ruling), g.evidence or ""]
                for g in earlier.gates
                if g.release == digest
            ],
            [[risk.unit, risk.score, *risk.reasons] for risk in earlier.risk],
        ]
        for earlier in question.after
    ]
    text = json.dumps([str(question.stage), digest, seen], separators=(",", ":"))
    return Digest("sha256:" + hashlib.sha256(text.encode()).hexdigest())


def _with_next_look(decision: Decision, question: Question, window: datetime | None) -> Decision:
    """Note when the answer becomes another one by the clock alone."""
    if decision.kind != DecisionKind.WAIT:
        return decision
    soaked = [soaks_until(earlier, question) for earlier in question.after]
    holds = question.hold.until if question.hold else None
    due = [at for at in (window, holds, *soaked) if at is not None and at > decision.decided_at]
    return decision.with_next_look(min(due) if due else None)


def _decision(
    question: Question,
    kind: DecisionKind,
    release: Release,
    because: str,
    items: Sequence[EvidenceItem],
    decided_at: datetime,
) -> Decision:
    judged = question.current if kind == DecisionKind.ROLL_BACK else question.candidate.digest
    gates = [*question.gates, *(gate for earlier in question.after for gate in earlier.gates)]
    gates = [gate for gate in gates if gate.release == judged]
    counted = approval_rule(question).counted(question.approvals, decided_at)
    return Decision(
        kind=kind,
        stage=question.stage,
        release=release,
        previous=question.previous,
        decided_at=decided_at,
        because=because,
        items=tuple(items),
        gates=tuple(gates),
        approvals=counted if kind != DecisionKind.ROLL_BACK else (),
        by=question.asked.by if question.asked and kind == DecisionKind.PROMOTE else "",
        authors=tuple(dict.fromkeys(a for a in (release.author, *question.authors) if a)),
        risk=tuple(risk for earlier in question.after for risk in earlier.risk),
        evidence=evidence_seen(question),
    )


def _awaited(blocking: Sequence[EvidenceItem]) -> str:
    more = len(blocking) - 1
    return blocking[0].detail + (f" (and {more} more)" if more else "")


def _reason_to_promote(question: Question, now: datetime) -> str:
    if not question.after:
        return f"every new release comes to {question.stage}"
    proved = ", ".join(str(earlier.stage) for earlier in question.after)
    people = approval_rule(question).counted(question.approvals, now)
    said_yes = f", approved by {', '.join(a.by for a in people)}" if people else ""
    return f"verified in {proved}{said_yes}"


def _not_suspended(question: Question) -> EvidenceItem:
    environment = question.stage.environment
    match question.suspended:
        case False:
            return EvidenceItem("not suspended", ok=True, detail=f"{environment} is not suspended")
        case True:
            return EvidenceItem(
                "not suspended", ok=False, detail=f"somebody has to resume {environment}"
            )
        case None:
            return EvidenceItem(
                "not suspended", ok=None, detail=f"whether {environment} is suspended is not known"
            )


def _not_held(question: Question, now: datetime) -> EvidenceItem:
    hold, stage = question.hold, question.stage
    if hold is not None and hold.holds(now):
        return EvidenceItem("not held", ok=False, detail=f"{stage} is {hold}")
    if question.held is None:
        return EvidenceItem("not held", ok=True, detail=f"nobody holds {stage}")
    why = f": {question.held}" if question.held else ""
    return EvidenceItem(
        "not held", ok=False, detail=f"{stage} is held where it is until released{why}"
    )


def _not_edited(question: Question) -> list[EvidenceItem]:
    """Stop what would be written over somebody's edit: nothing but a person's word does that."""
    if question.taken_over:
        return [EvidenceItem("edited by hand", ok=True, detail=question.taken_over)]
    if not question.edited:
        return []
    return [EvidenceItem("not edited by hand", ok=False, detail=question.edited)]


def _is_new(question: Question, failed: Sequence[EvidenceItem]) -> EvidenceItem:
    if question.candidate.digest != question.current:
        return EvidenceItem("new release", ok=True, detail=f"{question.candidate} is new here")
    why = f": {failed[0].detail}, and no earlier one is verified" if failed else ""
    return EvidenceItem("new release", ok=False, detail=f"a new release{why}")


def _is_not_rejected(question: Question) -> EvidenceItem:
    candidate, stage = question.candidate, question.stage
    if question.rejected is None or candidate.digest != question.rejected:
        return EvidenceItem(
            "not rejected", ok=True, detail=f"{candidate} was not taken back from {stage}"
        )
    by, asked = question.rejected_by, question.asked
    if by and asked and (question.rejected_at is None or asked.at > question.rejected_at):
        detail = f"{by} took {candidate} back from {stage}, and {asked.by} asked for it since"
        return EvidenceItem("not rejected", ok=True, detail=detail)
    detail = f"a new release: {candidate} was taken back from {stage}"
    return EvidenceItem("not rejected", ok=False, detail=detail + (f" by {by}" if by else ""))


def _verified(release: Release) -> EvidenceItem:
    return EvidenceItem("a verified release", ok=True, detail=f"{release} was verified here")
