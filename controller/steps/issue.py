"""Requests for secrets and credentials: who may say yes, and what comes next. Pure."""

from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import parseaddr

from controller.model.issuance import Issuance, Order, RequestPhase, Word
from controller.model.issue_limits import Limits

SLACK = timedelta(seconds=30)
"""A one-time token lives so much longer in the store than anybody is told: so whether it was opened
can be known at its end."""
CONFIRM_WITHIN = timedelta(minutes=2)
LOOK_EVERY = timedelta(seconds=10)


def counted(row: Issuance, limits: Limits) -> tuple[Word, ...]:
    """Give the words that count: for exactly this question, one a person, of somebody else."""
    involved = _identities(row.question.who) | _identities(row.question.asked_by)
    seen: set[str] = set()
    found = []
    for word in row.words:
        person = _identities(word.by)
        is_allowed = all(word.by in group for group in limits.approvers)
        if word.digest != row.question.digest or not is_allowed or not person:
            continue
        if person & involved or person & seen:
            continue
        seen |= person
        found.append(word)
    return tuple(found)


def answered(row: Issuance, limits: Limits, now: datetime) -> Issuance:
    """Bring a request that waits for its answers as far as they let it."""
    if row.phase is not RequestPhase.WAITING:
        return row
    row = replace(row, wanted=limits.approvals)
    yes = len(counted(row, limits))
    if yes >= limits.approvals:
        by = ", ".join(word.by for word in counted(row, limits))
        return replace(
            row,
            phase=RequestPhase.APPROVED,
            fetch_by=now + limits.fetch_within,
            message=f"approved by {by}; `{row.question.who}` can fetch it",
        )
    if now >= row.answer_by:
        return replace(
            row, phase=RequestPhase.LAPSED, ended_at=now, message="nobody answered in time"
        )
    return replace(row, message=f"{yes} of {limits.approvals} approvals")


def order_of(row: Issuance, limits: Limits) -> Order:
    """Say what the store is asked to make."""
    question = row.question
    return Order(
        row.id, question.who, question.target, question.ttl,
        limits.wrap_ttl + SLACK, limits.longest,
    )  # fmt: skip


def ended(row: Issuance, ending: RequestPhase, message: str, now: datetime) -> Issuance:
    """Bring a request to an end: at once when nothing was made, else by way of the store."""
    if row.permit:
        return replace(row, phase=RequestPhase.ENDING, ending=ending, message=message)
    return replace(row, phase=ending, message=message, ended_at=now)


def next_look(row: Issuance, now: datetime) -> datetime | None:
    """Tell when a request is to be looked at again; None when it is over."""
    due: datetime | None = None
    match row.phase:
        case RequestPhase.WAITING:
            due = row.answer_by
        case RequestPhase.APPROVED:
            due = row.fetch_by
        case RequestPhase.HANDED:
            due = min(now + LOOK_EVERY, row.wrap_ends or now)
        case RequestPhase.IN_USE:
            due = row.ends_at
            if row.unwrapped_at and not (row.confirmed_at or row.is_alarmed):
                due = min(row.unwrapped_at + CONFIRM_WITHIN, row.ends_at or now)
        case RequestPhase.ISSUING | RequestPhase.ENDING:
            due = now
        case _:
            pass
    return due


def _identities(person: str) -> set[str]:
    """Give the ways in which a person may be written: better one approval too few."""
    name, address = parseaddr(person)
    written = {person, name, address, address.partition("@")[0]}
    return {text.strip().casefold() for text in written if text.strip()}
