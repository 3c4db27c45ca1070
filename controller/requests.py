"""What callers may ask and do about requests for secrets and credentials; checks who may."""

import re
from collections.abc import Coroutine, Mapping, Sequence

from controller.diagnostics.errors import Stalled
from controller.model.caller import Caller, Role
from controller.model.issuance import (
    HandedOver,
    Issuance,
    Question,
    RequestView,
    Target,
    TargetKind,
    request_view,
)
from controller.model.issue_limits import target_of
from controller.permission import NotAllowed, NotFound, require
from controller.workflows.issue import NotForYou
from controller.workflows.parts import Parts
from schemas.kinds.credential_request import Asked
from schemas.values import read_duration

LONGEST_REASON, SHORTEST_REASON = 500, 10
LONGEST_NAME = 254
NOT_READABLE = "issue/not-readable"
_TARGET = re.compile(r"(secret|database|ssh|pki):([a-z0-9-]{1,63}(?:/[a-z0-9-]{1,63}){1,2})")


class Requests:
    """Answers and acts for callers; every action is an event with the caller's name."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._issuing = parts.issuing

    async def all(self, *, is_open: bool = False) -> Sequence[RequestView]:
        """Give requests, the newest first."""
        rows = await self._parts.world.ledger.issuances(is_open=is_open)
        return [request_view(row) for row in rows]

    async def one(self, request: str) -> RequestView:
        """Give one request. Raises NotFound."""
        row = await self._parts.world.ledger.issuance(request)
        if row is None:
            raise NotFound.because(f"there is no request `{request}`", hint="`trueup get requests`")
        return request_view(row)

    async def ask(self, caller: Caller, asked: Mapping[str, str]) -> RequestView:
        """Ask for something: for yourself with any role, for somebody else as an operator."""
        who = asked.get("who", "").strip() or caller.name
        require(caller, Role.VIEWER if who == caller.name else Role.OPERATOR)
        if len(who) > LONGEST_NAME or not who.isprintable():
            raise Stalled.because(
                "whom it is for cannot be read", hint="give a user's name", code=NOT_READABLE
            )
        reason = asked.get("reason", "").strip()
        if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON or not reason.isprintable():
            raise Stalled.because(
                "a request needs a reason that an approver understands",
                hint=f"one line of {SHORTEST_REASON} to {LONGEST_REASON} characters",
                code=NOT_READABLE,
            )
        try:
            ttl = read_duration(asked.get("ttl", ""))
        except ValueError as error:
            raise Stalled.because(
                f"how long is it needed? expected {error}", code=NOT_READABLE
            ) from error
        question = Question(who, caller.name, _target(asked), ttl, reason)
        question = await self._parts.issuing.as_new(question)
        return request_view(await self._issuing.ask(question))

    async def approve(
        self, caller: Caller, request: str, reason: str = "", *, expect: str = ""
    ) -> str:
        """Say yes. Raises NotAllowed; nobody approves what they ask for, or what is for them."""
        require(caller, Role.APPROVER)
        return await self._done(
            request, self._issuing.approve(request, caller.name, reason, expect)
        )

    async def reject(self, caller: Caller, request: str, reason: str) -> str:
        """Say no, and why."""
        require(caller, Role.APPROVER)
        return await self._done(request, self._issuing.reject(request, caller.name, reason))

    async def fetch(self, caller: Caller, request: str) -> HandedOver:
        """Hand over what was approved: once, to the one whom it is for, whatever the role."""
        await self.one(request)
        try:
            return await self._issuing.fetch(request, caller.name)
        except NotForYou as error:
            raise NotAllowed(error.diagnostics) from error

    async def confirm(self, caller: Caller, request: str) -> str:
        """Hear from the one whom it is for that it has come."""
        return await self._done(request, self._issuing.confirm(request, caller.name))

    async def report(self, caller: Caller, request: str) -> str:
        """Hear from the one whom it is for that somebody else was quicker."""
        return await self._done(request, self._issuing.report(request, caller.name))

    async def revoke(self, caller: Caller, request: str, reason: str = "") -> str:
        """End a request: your own with any role, another as an operator."""
        row = await self.one(request)
        is_own = caller.name in {row.who, row.asked_by}
        require(caller, Role.VIEWER if is_own else Role.OPERATOR)
        return await self._done(request, self._issuing.revoke(request, caller.name, reason))

    async def _done(self, request: str, work: Coroutine[object, object, Issuance]) -> str:
        """Do it; gives where the request is then. Raises NotFound, NotAllowed, Stalled."""
        try:
            await self.one(request)
        except NotFound:
            work.close()
            raise
        try:
            return (await work).phase.value
        except NotForYou as error:
            raise NotAllowed(error.diagnostics) from error


def _target(asked: Mapping[str, str]) -> Target:
    """Read `kind:name` and what belongs to it, by the rules of documents. Raises Stalled."""
    match = _TARGET.fullmatch(asked.get("what", ""))
    if match is None:
        raise Stalled.because(
            "what is asked for cannot be read",
            hint="write `secret:product/environment/name`, `database:store/role`, "
            "`ssh:store/role` or `pki:store/role`",
            code=NOT_READABLE,
        )
    kind, name = TargetKind(match[1]), match[2]
    written: dict[TargetKind, Mapping[str, object]] = {
        TargetKind.KEPT: {"secret": name},
        TargetKind.DATABASE: {"database": name},
        TargetKind.SSH: {
            "sshCertificate": {
                "role": name, "user": asked.get("user"), "publicKey": asked.get("public_key"),
            }
        },
        TargetKind.PKI: {"certificate": {"role": name, "commonName": asked.get("common_name")}},
    }  # fmt: skip
    wants = {
        TargetKind.SSH: "a user of the machines and the public key",
        TargetKind.PKI: "the name that it is for",
    }
    try:
        return target_of(Asked.model_validate(written[kind]))
    except ValueError as error:
        raise Stalled.because(
            f"`{kind}:{name}` cannot be asked for so",
            hint=f"give {wants.get(kind, 'its whole name')}",
            code=NOT_READABLE,
        ) from error
