"""What becomes of requests by themselves: documents are followed, time passes, things are ended."""

from dataclasses import replace
from datetime import datetime

from controller.diagnostics.diagnostic import Diagnostic, Severity
from controller.diagnostics.errors import Stalled, TrueupError
from controller.model.catalog import UNREADABLE
from controller.model.issuance import Issuance, Question, RequestPhase, TargetKind
from controller.model.issue_limits import target_of
from controller.model.names import Commit, SecretName
from controller.steps import issue as step
from controller.workflows import keys
from controller.workflows.issue import Issuing
from controller.workflows.issue_rows import Rows
from controller.workflows.wishes import Wishes
from schemas.kinds.credential_request import CredentialRequest
from schemas.kinds.secret import Secret


class IssueTurns:
    """What the loop does for requests."""

    def __init__(self, rows: Rows, issuing: Issuing, wishes: Wishes) -> None:
        self._rows = rows
        self._issuing = issuing
        self._wishes = wishes
        self._followed: Commit | None = None

    async def follow(self) -> None:
        """Make requests of the documents at the head, and end those whose document is gone."""
        head = self._rows.catalogs.head
        if head is None or self._followed == head.commit:
            return
        wanted = set()
        for document in head.catalog.all(CredentialRequest):
            question = question_of(document, head.snapshot.author or "somebody")
            wanted.add(question.id)
            async with self._rows.lock(question.id):
                await self._follow(question)
        broken = {r.name for r in head.catalog.broken if r.kind == "CredentialRequest"}
        is_unsure = any(r.kind == UNREADABLE for r in head.catalog.broken)
        for row in await self._rows.world.ledger.issuances(is_open=True):
            name = row.question.document
            if name and row.id not in wanted and name not in broken and not is_unsure:
                await self._issuing.revoke(
                    row.id, "Git", "its document is gone or says something else"
                )
        self._followed = head.commit

    async def turn(self, request: str) -> datetime | None:
        """Bring one request further; gives when to come again."""
        async with self._rows.lock(request):
            row = await self._rows.world.ledger.issuance(request)
            if row is None or row.phase.is_final:
                self._rows.forget(request)
                return None
            try:
                after = await self._advance(row)
            except TrueupError as error:
                await self._troubled(request, error)
                raise
            return step.next_look(after, self._rows.now())

    async def _troubled(self, request: str, error: TrueupError) -> None:
        """Say once that something is still out whose end was wanted."""
        row = await self._rows.world.ledger.issuance(request)
        trouble = f"it could not be ended yet: {error}"
        if row is None or row.phase is not RequestPhase.ENDING or row.trouble == trouble:
            return
        row = replace(row, trouble=trouble)
        await self._rows.save(row, "CredentialNotEnded", trouble, warning=True)

    async def _advance(self, row: Issuance) -> Issuance:
        now = self._rows.now()
        match row.phase:
            case RequestPhase.WAITING:
                return await self._answered(row)
            case RequestPhase.APPROVED if row.fetch_by is not None and now >= row.fetch_by:
                after = step.ended(row, RequestPhase.LAPSED, "it was not fetched in time", now)
                await self._rows.save(after, "CredentialLapsed", after.message)
                return after
            case RequestPhase.ISSUING:
                return await self._rows.undone(row)
            case RequestPhase.HANDED | RequestPhase.IN_USE:
                return await self._watched(row)
            case RequestPhase.ENDING:
                return await self._end(row)
            case _:
                return row

    async def _answered(self, row: Issuance) -> Issuance:
        after = step.answered(row, await self._rows.limits(row.question), self._rows.now())
        if after.phase is RequestPhase.LAPSED:
            await self._rows.save(after, "CredentialLapsed", after.message)
        elif after.phase is not row.phase:
            await self._rows.save(after, "CredentialApproved", after.message)
        return after

    async def _watched(self, row: Issuance) -> Issuance:
        """Look whether the one-time token was opened, and whether its time is over."""
        now = self._rows.now()
        if row.ends_at is not None and now >= row.ends_at:
            after = step.ended(row, RequestPhase.EXPIRED, "its time is over", now)
            await self._rows.save(after, "CredentialExpiring", after.message)
            return await self._end(after)
        if row.phase is RequestPhase.HANDED:
            return await self._looked(row)
        waited = row.unwrapped_at is not None and now >= row.unwrapped_at + step.CONFIRM_WITHIN
        if waited and row.confirmed_at is None and not row.is_alarmed:
            row = replace(row, is_alarmed=True)
            message = f"it was unwrapped, and `{row.question.who}` has not said to have it"
            await self._rows.save(row, "CredentialUnconfirmed", message, warning=True)
        return row

    async def _looked(self, row: Issuance) -> Issuance:
        issuer = await self._rows.issuer(row)
        is_wrapped = await issuer.is_wrapped(row.wrap)
        now = self._rows.now()  # after the answer: what is gone now was gone before its time
        ends = row.wrap_ends or now
        if is_wrapped and now < ends:
            return row
        if is_wrapped:
            after = step.ended(row, RequestPhase.LAPSED, "nobody unwrapped it in time", now)
            await self._rows.save(after, "CredentialLapsed", after.message)
            return await self._end(after)
        if now < ends + step.SLACK:
            after = self._in_use(row, "it was unwrapped")
            await self._rows.save(after, "CredentialUnwrapped", after.message)
            return after
        message = "nobody was there to see whether it was unwrapped: it may have been"
        after = replace(row, phase=RequestPhase.IN_USE, message=message)
        await self._rows.save(after, "CredentialUnwatched", message, warning=True)
        return after

    def _in_use(self, row: Issuance, message: str) -> Issuance:
        now = self._rows.now()
        return replace(row, phase=RequestPhase.IN_USE, unwrapped_at=now, message=message)

    async def _end(self, row: Issuance) -> Issuance:
        """End both tokens, and what was made with them; then say so."""
        issuer = await self._rows.issuer(row)
        was_wrapped = bool(row.wrap) and await issuer.end(row.wrap)
        await issuer.end(row.permit)
        is_known = row.unwrapped_at is not None or not was_wrapped
        rest = await self._after(row, is_known=is_known)
        final = row.ending or RequestPhase.REVOKED
        message = f"{row.message}; {rest}" if rest else row.message
        after = replace(row, phase=final, message=message, trouble="", ended_at=self._rows.now())
        reason = "CredentialExpired" if final is RequestPhase.EXPIRED else "CredentialEnded"
        await self._rows.save(after, reason, message)
        return after

    async def _after(self, row: Issuance, *, is_known: bool) -> str:
        """Do what ends a value that somebody keeps; gives what is to be told of it."""
        target = row.question.target
        if target.kind is TargetKind.SSH and row.ending is not RequestPhase.EXPIRED and is_known:
            return f"an SSH certificate cannot be called back: it ends at {row.ends_at:%H:%M:%S}"
        if target.kind is not TargetKind.KEPT or not is_known:
            return ""
        name = SecretName.parse(target.name)
        if not self._can_rotate(name):
            message = f"`{row.question.who}` has seen `{name}`: rotate it by hand, nobody else can"
            found = Diagnostic("issue/rotate-by-hand", message, severity=Severity.WARNING)
            await self._rows.world.ledger.put_findings(keys.issue_key(row.id), Commit(""), [found])
            return message
        await self._wishes.rotate(name, self._rows.now())
        await self._rows.world.dispatcher.wake(keys.secret_key(name), priority=5)
        return f"`{name}` is rotated, for `{row.question.who}` has seen it"

    def _can_rotate(self, name: SecretName) -> bool:
        head = self._rows.catalogs.head
        found = head.catalog.find(Secret, name.secret, name.product) if head else None
        return found is None or found.spec.generate is not None

    async def _follow(self, question: Question) -> None:
        known = await self._rows.world.ledger.issuance(question.id)
        if known is not None and known.phase is not RequestPhase.REFUSED:
            return
        try:
            await self._issuing.ask_locked(question)
        except Stalled as error:
            if known is None or known.message != str(error):
                now = self._rows.now()
                row = Issuance(
                    question, now, now, RequestPhase.REFUSED, message=str(error), ended_at=now
                )
                await self._rows.save(row, "CredentialRefused", str(error), warning=True)


def question_of(document: CredentialRequest, author: str) -> Question:
    """Read what a document asks for."""
    spec = document.spec
    return Question(
        spec.who, author, target_of(spec.what), spec.ttl, spec.reason, document.metadata.name
    )
