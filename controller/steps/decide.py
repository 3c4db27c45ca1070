"""May a release come into a stage, must the one that is there go back, or what is awaited? Pure.

Every question becomes an item of evidence with yes, no or not known; only yes lets a release on.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr

from controller.model.decision import Approval, Decision, DecisionKind, EvidenceItem
from controller.model.measurement import GateResult, GateRuling
from controller.model.names import Digest, StageName
from controller.model.release import Release


@dataclass(frozen=True, slots=True)
class Answer:
    """Yes, no or not known (None); and for a no or a not known, of whom."""

    ok: bool | None
    names: tuple[str, ...] = ()


NOT_KNOWN = Answer(ok=None)


@dataclass(frozen=True)
class EarlierStage:
    """A stage in which a release must be verified first, and what is known of it there."""

    stage: StageName
    release: Digest | None
    """The release that this stage is at."""
    ready: Answer = NOT_KNOWN
    """Every unit is Ready at that release; `names` are the units that are not."""
    in_sync: Answer = NOT_KNOWN
    """No unit has drifted; `names` are the units that have."""
    secrets: Answer = NOT_KNOWN
    """Every secret was delivered; `names` are the secrets that were not."""
    gates_required: tuple[str, ...] = ()
    gates: tuple[GateResult, ...] = ()
    """Results of any release; of one gate and release the last one counts."""


@dataclass(frozen=True)
class Question:
    """All that a decision about one stage rests on."""

    stage: StageName
    candidate: Release
    """The newest release that could come here; the one that is here when there is no newer."""
    previous: str = ""
    """The commit that the stage is at; empty when there is none."""
    current: Digest | None = None
    """The release that the stage is at."""
    after: tuple[EarlierStage, ...] = ()
    gates_required: tuple[str, ...] = ()
    """Gates of this stage itself: a fail of the release that is here takes it back."""
    gates: tuple[GateResult, ...] = ()
    verified: Release | None = None
    """The last release that passed every gate here."""
    rejected: Digest | None = None
    """The release that was taken back from here; it does not come again."""
    approvals_required: int = 0
    approvals: tuple[Approval, ...] = ()
    suspended: bool | None = None
    """The environment is suspended: nothing is done there."""
    held: str | None = None
    """Why somebody holds this stage where it is; None when nobody does."""
    warnings_allowed: bool = True
    """Whether a gate that warns lets a release through."""


def decide(question: Question, decided_at: datetime) -> Decision:
    """Decide on one stage; the decision carries every item of evidence."""
    rest = [_not_suspended(question), _not_held(question)]
    failed = _failed_gates(question)
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
        items += _verified_in(earlier, question)
    items.append(_approved(question))
    blocking = [item for item in items if item.ok is not True]
    kind = DecisionKind.WAIT if blocking else DecisionKind.PROMOTE
    because = _awaited(blocking) if blocking else _reason_to_promote(question)
    return _decision(question, kind, question.candidate, because, items, decided_at)


def counted_approvals(
    candidate: Release, stage: StageName, approvals: Iterable[Approval]
) -> tuple[Approval, ...]:
    """Give the approvals that count: for this release and stage, one a person, not the author's.

    When the author of the release is not known, anybody could be it, so that no approval counts.
    """
    author = _identities(candidate.author)
    seen: set[str] = set()
    counted = []
    for approval in approvals:
        person = _identities(approval.by)
        if approval.stage != stage or approval.release not in {candidate.digest, candidate.commit}:
            continue
        if not author or not person or person & author or person & seen:
            continue
        seen |= person
        counted.append(approval)
    return tuple(counted)


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
    counted = counted_approvals(question.candidate, question.stage, question.approvals)
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
    )


def _awaited(blocking: Sequence[EvidenceItem]) -> str:
    more = len(blocking) - 1
    return blocking[0].detail + (f" (and {more} more)" if more else "")


def _reason_to_promote(question: Question) -> str:
    if not question.after:
        return f"every new release comes to {question.stage}"
    proved = ", ".join(str(earlier.stage) for earlier in question.after)
    people = counted_approvals(question.candidate, question.stage, question.approvals)
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


def _not_held(question: Question) -> EvidenceItem:
    if question.held is None:
        return EvidenceItem("not held", ok=True, detail=f"nobody holds {question.stage}")
    why = f": {question.held}" if question.held else ""
    return EvidenceItem(
        "not held", ok=False, detail=f"{question.stage} is held where it is until released{why}"
    )


def _is_new(question: Question, failed: Sequence[EvidenceItem]) -> EvidenceItem:
    if question.candidate.digest != question.current:
        return EvidenceItem("new release", ok=True, detail=f"{question.candidate} is new here")
    why = f": {failed[0].detail}, and no earlier one is verified" if failed else ""
    return EvidenceItem("new release", ok=False, detail=f"a new release{why}")


def _is_not_rejected(question: Question) -> EvidenceItem:
    was = question.rejected is not None and question.candidate.digest == question.rejected
    detail = (
        f"a new release: {question.candidate} was taken back from {question.stage}"
        if was
        else f"{question.candidate} was not taken back from {question.stage}"
    )
    return EvidenceItem("not rejected", ok=not was, detail=detail)


def _verified_in(earlier: EarlierStage, question: Question) -> list[EvidenceItem]:
    """Ask what has to be true of the candidate in a stage that comes before."""
    stage, candidate = earlier.stage, question.candidate
    is_there = None if earlier.release is None else earlier.release == candidate.digest
    detail = f"{candidate} is in {stage}" if is_there else f"{candidate} has to be in {stage} first"
    items = [EvidenceItem(f"in {stage}", ok=is_there, detail=detail)]
    for check, answer, yes, no in (
        ("ready", earlier.ready, "every unit is ready", "units to be ready"),
        ("in sync", earlier.in_sync, "nothing has drifted", "drift to be mended"),
        ("secrets delivered", earlier.secrets, "every secret is there", "secrets to be delivered"),
    ):
        items.append(
            _all_of(f"{check} in {stage}", answer, f"{yes} in {stage}", f"{no} in {stage}")
        )
    items += [
        _gate_item(name, earlier.stage, earlier.gates, question) for name in earlier.gates_required
    ]
    return items


def _all_of(check: str, answer: Answer, yes: str, no: str) -> EvidenceItem:
    if answer.ok is True and not answer.names:
        return EvidenceItem(check, ok=True, detail=yes)
    named = f": {', '.join(sorted(answer.names))}" if answer.names else ""
    if answer.ok is None:
        return EvidenceItem(check, ok=None, detail=f"{no}{named or ' (not known)'}")
    return EvidenceItem(check, ok=False, detail=f"{no}{named}")


def _gate_item(
    name: str, stage: StageName, results: Sequence[GateResult], question: Question
) -> EvidenceItem:
    check = f"gate {name} in {stage}"
    found = _find_result(name, results, question.candidate.digest)
    if found is None:
        return EvidenceItem(check, ok=None, detail=f"the gate {name} in {stage} has to answer")
    lets_through = found.ruling == GateRuling.PASS or (
        found.ruling == GateRuling.WARN and question.warnings_allowed
    )
    detail = _said(found, stage)
    unclear = found.ruling in {GateRuling.INVALID, GateRuling.UNKNOWN}
    ok = True if lets_through else (None if unclear else False)
    return EvidenceItem(check, ok=ok, detail=detail, evidence=found.evidence or "")


def _said(result: GateResult, stage: StageName) -> str:
    why = f": {' '.join(result.reasons[0].split())}" if result.reasons else ""
    return f"the gate {result.gate} in {stage} says {result.ruling}{why}"


def _find_result(name: str, results: Sequence[GateResult], release: Digest) -> GateResult | None:
    """Give the last answer of a gate for exactly this release."""
    fitting = [result for result in results if (result.gate, result.release) == (name, release)]
    return fitting[-1] if fitting else None


def _failed_gates(question: Question) -> list[EvidenceItem]:
    """Give the gates of this stage that said fail, and no less, of the release that is here."""
    if question.current is None:
        return []
    found = [
        _find_result(name, question.gates, question.current) for name in question.gates_required
    ]
    return [
        EvidenceItem(
            f"gate {result.gate} in {question.stage}",
            ok=False,
            detail=_said(result, question.stage),
            evidence=result.evidence or "",
        )
        for result in found
        if result is not None and result.ruling == GateRuling.FAIL
    ]


def _verified(release: Release) -> EvidenceItem:
    return EvidenceItem("a verified release", ok=True, detail=f"{release} passed every gate here")


def _approved(question: Question) -> EvidenceItem:
    required, candidate = question.approvals_required, question.candidate
    if required <= 0:
        return EvidenceItem("approved", ok=True, detail="no approval is needed")
    counted = counted_approvals(candidate, question.stage, question.approvals)
    if len(counted) >= required:
        names = ", ".join(approval.by for approval in counted)
        return EvidenceItem("approved", ok=True, detail=f"approved by {names}")
    if not candidate.author.strip():
        detail = f"the author of {candidate} is not known, so that nobody can approve it"
        return EvidenceItem("approved", ok=None, detail=detail)
    missing = required - len(counted)
    people = "the approval of one person" if missing == 1 else f"the approval of {missing} people"
    detail = (
        f"{people} other than its author {candidate.author} for {candidate} in {question.stage}"
    )
    return EvidenceItem("approved", ok=False, detail=detail)


def is_same_person(one: str, other: str) -> bool:
    """Tell whether two ways of writing a person may mean the same one."""
    return bool(_identities(one) & _identities(other))


def _identities(person: str) -> set[str]:
    """Give the ways in which a person may be written: `Ada <ada@example.com>` is each of them.

    The word before the `@` is one, since people sign in with it: better one approval too few.
    """
    name, address = parseaddr(person)
    written = {person, name, address, address.partition("@")[0]}
    return {text.strip().casefold() for text in written if text.strip()}
