"""Requests for secrets and credentials: asked, approved, handed over once, ended in time.

The row is the truth; a document in Git is one way to make one. What is made in the store is noted
before it is made, by the accessor of the token that it ends with: so whatever instant the
controller is killed at, it is ended, and nothing is made twice.
"""

from collections.abc import Mapping
from dataclasses import replace

from controller.diagnostics.errors import ApprovalPending, Stalled, TrueupError
from controller.model.issuance import HandedOver, Issuance, Question, RequestPhase, Word
from controller.model.issue_limits import Limits
from controller.steps import issue as step
from controller.workflows.issue_rows import Rows


class NotForYou(Stalled):
    """Only the one whom it is for may do this, or everybody but that one."""

    code = "issue/not-for-you"


class Issuing:
    """Brings requests further; each under a lock of its own."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def ask(self, question: Question) -> Issuance:
        """Make a request, or give the one that was made of the same question. Raises Stalled."""
        async with self._rows.lock(question.id):
            return await self.ask_locked(question)

    async def as_new(self, question: Question) -> Question:
        """Tell a question from earlier ones of the same words, unless that one is still open."""
        number = 0
        while True:
            asked = replace(question, salt=str(number))
            row = await self._rows.world.ledger.issuance(asked.id)
            if row is None or not row.phase.is_final:
                return asked
            number += 1

    async def approve(self, request: str, by: str, reason: str, expect: str) -> Issuance:
        """Say yes to exactly what was asked. Raises Stalled."""
        async with self._rows.lock(request):
            row = await self._rows.found(request)
            _require(row, RequestPhase.WAITING, "be approved")
            question = row.question
            if expect and expect != question.digest:
                raise Stalled.because(
                    f"`{request}` is not what you were shown", code="app/changed-meanwhile"
                )
            limits = await self._rows.limits(question)
            word = Word(by, self._rows.now(), question.digest, reason)
            heard = replace(row, words=(*(w for w in row.words if w.by != by), word))
            if word not in step.counted(heard, limits):
                raise NotForYou.because(
                    f"an approval by `{by}` does not count",
                    hint="nobody approves their own request, and some requests name who may: ask "
                    "somebody else",
                )
            after = step.answered(heard, limits, self._rows.now())
            await self._rows.save(after, "CredentialApproved", f"{by}: approved; {after.message}")
            return await self._rows.woken(after)

    async def reject(self, request: str, by: str, reason: str) -> Issuance:
        """Say no. Raises Stalled."""
        if not reason.strip():
            raise Stalled.because("why is it rejected?", hint="say so with `--reason`")
        async with self._rows.lock(request):
            row = await self._rows.found(request)
            if row.phase not in {RequestPhase.WAITING, RequestPhase.APPROVED}:
                _require(row, RequestPhase.WAITING, "be rejected")
            message = f"{by} rejected it: {reason}"
            after = step.ended(row, RequestPhase.REJECTED, message, self._rows.now())
            await self._rows.save(after, "CredentialRejected", message)
            return after

    async def fetch(self, request: str, by: str) -> HandedOver:
        """Make what was approved and hand it over; once, and to nobody else."""
        async with self._rows.lock(request):
            row = await self._rows.found(request)
            _require_own(row, by, "fetch it")
            if row.phase is RequestPhase.ISSUING:
                row = await self._rows.undone(row)
            if row.phase is RequestPhase.WAITING:
                raise ApprovalPending.because(f"`{request}` waits: {row.message}")
            _require(row, RequestPhase.APPROVED, "be fetched")
            limits = await self._rows.limits(row.question)
            now = self._rows.now()
            if row.fetch_by is not None and now >= row.fetch_by:
                raise Stalled.because(
                    f"`{request}` was not fetched in time", hint="ask anew", code="issue/over"
                )
            if len(step.counted(row, limits)) < limits.approvals:
                await self._rows.save(
                    step.answered(replace(row, phase=RequestPhase.WAITING), limits, now),
                    "CredentialAsked", "more approvals are wanted now than it has",
                )  # fmt: skip
                raise ApprovalPending.because(f"`{request}` needs more approvals than it has")
            return await self._hand_over(row, limits)

    async def confirm(self, request: str, by: str) -> Issuance:
        """Note that the requester has it."""
        async with self._rows.lock(request):
            row = await self._rows.found(request)
            _require_own(row, by, "say so")
            if row.phase is RequestPhase.HANDED:
                row = replace(
                    row,
                    phase=RequestPhase.IN_USE,
                    unwrapped_at=self._rows.now(),
                    message=f"`{by}` has unwrapped it",
                )
            _require(row, RequestPhase.IN_USE, "be confirmed")
            after = replace(row, confirmed_at=self._rows.now())
            await self._rows.save(after, "CredentialConfirmed", f"{by}: has it")
            return await self._rows.woken(after)

    async def report(self, request: str, by: str) -> Issuance:
        """Hear that the token was open already when the requester came: end it all."""
        async with self._rows.lock(request):
            row = await self._rows.found(request)
            _require_own(row, by, "say so")
            if row.phase not in {RequestPhase.HANDED, RequestPhase.IN_USE}:
                _require(row, RequestPhase.HANDED, "be reported")
            message = "somebody else has unwrapped it: it is revoked"
            row = replace(row, unwrapped_at=row.unwrapped_at or self._rows.now())
            after = step.ended(row, RequestPhase.REVOKED, message, self._rows.now())
            await self._rows.save(after, "CredentialIntercepted", f"{by}: {message}", warning=True)
            return await self._rows.woken(after)

    async def revoke(self, request: str, by: str, reason: str) -> Issuance:
        """End a request, and what was made for it."""
        async with self._rows.lock(request):
            row = await self._rows.found(request)
            if row.phase.is_final or row.phase is RequestPhase.ENDING:
                return row
            own = not row.permit and by in {row.question.who, row.question.asked_by}
            ending = RequestPhase.WITHDRAWN if own else RequestPhase.REVOKED
            message = f"{by} {ending} it" + (f": {reason}" if reason else "")
            after = step.ended(row, ending, message, self._rows.now())
            await self._rows.save(after, "CredentialRevoking", message)
            return await self._rows.woken(after)

    async def _hand_over(self, row: Issuance, limits: Limits) -> HandedOver:
        document = self._rows.store(row.question.target)
        issuer = await self._rows.world.issuer(document)
        order = step.order_of(row, limits)
        begun = self._rows.now()
        permit = await issuer.permit(order)
        row = replace(
            row, phase=RequestPhase.ISSUING, permit=permit.accessor,
            store=document.model_dump_json(by_alias=True, exclude_none=True),
        )  # fmt: skip
        await self._rows.save(row, "CredentialIssuing", "the store is asked to make it")
        await self._rows.woken(row)
        try:
            wrapped = await issuer.issue(permit, order)
        except TrueupError as error:
            await self._rows.tell(row, "CredentialNotIssued", str(error), warning=True)
            await self._rows.undone(row)
            raise
        row = replace(
            row, phase=RequestPhase.HANDED, wrap=wrapped.accessor, wrap_path=wrapped.path,
            issued_at=begun, wrap_ends=begun + limits.wrap_ttl, ends_at=begun + order.ttl,
            message="the one-time token is out",
        )  # fmt: skip
        await self._rows.save(row, "CredentialHandedOver", f"{row.question.who}: fetched it")
        await self._rows.woken(row)
        counter = issuer.counter()
        return HandedOver(row.id, wrapped, counter, begun + limits.wrap_ttl, begun + order.ttl)

    async def ask_locked(self, question: Question) -> Issuance:
        """Make a request whose lock is held. Raises Stalled."""
        known = await self._rows.world.ledger.issuance(question.id)
        if known is not None and known.phase is not RequestPhase.REFUSED:
            return known
        people = self._rows.world.people
        if people and question.who not in people:
            raise Stalled.because(
                f"there is no user `{question.who}` in the settings",
                hint="the one whom it is for must be able to fetch it",
                code="issue/unknown-person",
            )
        limits = await self._rows.limits(question)
        now = self._rows.now()
        row = Issuance(question, now, now + limits.answer_within, wanted=limits.approvals)
        row = step.answered(row, limits, now)
        message = f"{question.asked_by}: asks for {question.target}, for {question.who}"
        await self._rows.save(row, "CredentialAsked", f"{message}: {question.reason}")
        return await self._rows.woken(row)


_WORDS: Mapping[RequestPhase, str] = {
    RequestPhase.HANDED: "it was fetched already, and is handed over once: when you have not got "
    "it, revoke it and ask anew",
    RequestPhase.IN_USE: "it was fetched already, and is handed over once",
}


def _require(row: Issuance, phase: RequestPhase, what: str) -> None:
    if row.phase is not phase:
        raise Stalled.because(
            f"`{row.id}` cannot {what}: it is {row.phase}",
            hint=_WORDS.get(row.phase, row.message),
            code="issue/over" if row.phase.is_final else "issue/not-now",
        )


def _require_own(row: Issuance, by: str, what: str) -> None:
    if row.question.who != by:
        raise NotForYou.because(
            f"`{row.id}` is for `{row.question.who}`: only that one can {what}",
            hint="ask for your own with `trueup secrets request`",
        )
