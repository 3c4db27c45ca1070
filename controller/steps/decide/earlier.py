"""What has to be true of a release in the stages that come before."""

from datetime import UTC, datetime

from controller.model.decision import EvidenceItem
from controller.model.risk import RiskLevel
from controller.steps.decide.gates import GateRule
from controller.steps.decide.question import Answer, EarlierStage, Question
from schemas.values import write_duration


def verified_in(earlier: EarlierStage, question: Question, now: datetime) -> list[EvidenceItem]:
    """Ask what has to be true of the candidate in a stage that comes before."""
    stage, candidate = earlier.stage, question.candidate
    rule = GateRule(stage, earlier.gates_required, earlier.one_of, question.warnings_allowed)
    gates = rule.items(earlier.gates, candidate.digest)
    risk = [_risk(earlier)] if earlier.risk else []
    is_there = None if earlier.release is None else earlier.release == candidate.digest
    if not is_there and question.asked is not None and earlier.past is not None:
        when = _said(earlier.past.verified_at)
        detail = f"{candidate} was verified in {stage} at {when}; {stage} has gone on since"
        items = [EvidenceItem(f"in {stage}", ok=True, detail=detail), *gates, *risk]
        return [*items, *_soaked(earlier, question, now)]
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
    return [*items, *gates, *risk, *_soaked(earlier, question, now)]


def soaks_until(earlier: EarlierStage, question: Question) -> datetime | None:
    """Tell when the candidate will have been healthy for long enough, if nothing happens."""
    if not question.soak or earlier.healthy_since is None:
        return None
    return earlier.healthy_since + question.soak


def _soaked(earlier: EarlierStage, question: Question, now: datetime) -> list[EvidenceItem]:
    if not question.soak:
        return []
    check, wanted = f"soaked in {earlier.stage}", write_duration(question.soak)
    until = soaks_until(earlier, question)
    if earlier.release == question.candidate.digest and until is not None:
        since = _said(earlier.healthy_since or now)
        if earlier.healthy_since is not None and earlier.healthy_since <= now and until <= now:
            return [
                EvidenceItem(check, ok=True, detail=f"healthy in {earlier.stage} since {since}")
            ]
        detail = f"{wanted} without a failure in {earlier.stage}, healthy since {since}: "
        return [EvidenceItem(check, ok=False, detail=f"{detail}until {_said(until)}")]
    if earlier.past is not None and earlier.past.soaked >= question.soak:
        return [
            EvidenceItem(
                check, ok=True, detail=f"was healthy in {earlier.stage} for {wanted} or more"
            )
        ]
    return [
        EvidenceItem(
            check, ok=None, detail=f"{wanted} without a failure in {earlier.stage}, from now"
        )
    ]


def _risk(earlier: EarlierStage) -> EvidenceItem:
    """Tell how dangerous the plans were that brought the candidate there: told, never a no."""
    worst = max(earlier.risk, key=lambda each: (each.score, each.unit))
    count = len(earlier.risk)
    units = f"{count} units" if count > 1 else "one unit"
    reasons = f": {'; '.join(worst.reasons)}" if worst.reasons and worst.score else ""
    level = RiskLevel(worst.level)
    detail = f"it changed {units} in {earlier.stage}, most dangerous {worst.unit}, {worst.score}"
    return EvidenceItem(f"risk in {earlier.stage}", ok=True, detail=f"{detail} ({level}){reasons}")


def _all_of(check: str, answer: Answer, yes: str, no: str) -> EvidenceItem:
    if answer.ok is True and not answer.names:
        return EvidenceItem(check, ok=True, detail=yes)
    named = f": {', '.join(sorted(answer.names))}" if answer.names else ""
    if answer.ok is None:
        return EvidenceItem(check, ok=None, detail=f"{no}{named or ' (not known)'}")
    return EvidenceItem(check, ok=False, detail=f"{no}{named}")


def _said(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
