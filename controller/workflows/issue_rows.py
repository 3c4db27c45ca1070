"""Rows of requests: found, written with what is told of them, and what documents say to them."""

import asyncio
from dataclasses import replace
from datetime import datetime

from controller.diagnostics.errors import Stalled
from controller.model.event import Event, EventType
from controller.model.issuance import Issuance, Question, RequestPhase, Target, TargetKind
from controller.model.issue_limits import Limits, NotIssuedError, limits_of
from controller.model.names import SecretName
from controller.ports.issuer import Issuer
from controller.steps import issue as step
from controller.workflows import keys
from controller.workflows.catalogs import Catalogs
from controller.workflows.world import World
from schemas.kinds.secret import Secret
from schemas.kinds.secret_store import SecretStore


class Rows:
    """The rows, each with a lock."""

    def __init__(self, world: World, catalogs: Catalogs) -> None:
        self.world = world
        self.catalogs = catalogs
        self._locks: dict[str, asyncio.Lock] = {}

    async def found(self, request: str) -> Issuance:
        row = await self.world.ledger.issuance(request)
        if row is None:
            raise Stalled.because(
                f"there is no request `{request}`", hint="`trueup get requests`",
                code="app/not-found",
            )  # fmt: skip
        return row

    async def save(
        self, row: Issuance, reason: str, message: str, *, warning: bool = False
    ) -> None:
        """Write the row and its event at once: neither is there without the other."""
        await self.world.ledger.put_issuance(row, [self._event(row, reason, message, warning)])
        await self._told()

    async def tell(self, row: Issuance, reason: str, message: str, *, warning: bool) -> None:
        await self.world.ledger.append(self._event(row, reason, message, warning))
        await self._told()

    def _event(self, row: Issuance, reason: str, message: str, warning: bool) -> Event:
        kind = EventType.WARNING if warning else EventType.NORMAL
        return Event(self.now(), kind, reason, keys.issue_key(row.id), message)

    async def _told(self) -> None:
        if self.world.notifications:
            await self.world.dispatcher.wake(keys.RECEIVERS)

    async def woken(self, row: Issuance) -> Issuance:
        due = step.next_look(row, self.now())
        if due is not None:
            await self.world.dispatcher.wake(keys.issue_key(row.id), at=due)
        return row

    def lock(self, request: str) -> asyncio.Lock:
        return self._locks.setdefault(request, asyncio.Lock())

    def now(self) -> datetime:
        return self.world.clock.now()

    def forget(self, request: str) -> None:
        """Let go of the lock of a request that is over."""
        self._locks.pop(request, None)

    async def limits(self, question: Question) -> Limits:
        target = question.target
        catalog = self.catalogs.known_head().catalog
        secret = None
        if target.kind is TargetKind.KEPT:
            name = SecretName.parse(target.name)
            secret = catalog.find(Secret, name.secret, name.product)
        try:
            return limits_of(target, self.store(target), secret, question.ttl)
        except NotIssuedError as error:
            raise Stalled.because(
                str(error), hint="`issue` of the SecretStore and of the Secret say what may be "
                "asked for", code="issue/not-allowed",
            ) from error  # fmt: skip

    def store(self, target: Target) -> SecretStore:
        catalog = self.catalogs.known_head().catalog
        name = target.name.partition("/")[0]
        if target.kind is TargetKind.KEPT:
            whole = SecretName.parse(target.name)
            secret = catalog.find(Secret, whole.secret, whole.product)
            if secret is None:
                raise Stalled.because(f"there is no secret `{target.name}`", code="issue/not-there")
            name = secret.spec.store
        found = catalog.find(SecretStore, name)
        if found is None:
            raise Stalled.because(f"there is no secret store `{name}`", code="issue/not-there")
        return found

    async def issuer(self, row: Issuance) -> Issuer:
        """Give the store that it was made in: as its document is now, else as it was then."""
        document = SecretStore.model_validate_json(row.store)
        head = self.catalogs.head
        now = head.catalog.find(SecretStore, document.metadata.name) if head else None
        is_usable = now is not None and now.spec.issue is not None
        return await self.world.issuer(now if now is not None and is_usable else document)

    async def undone(self, row: Issuance) -> Issuance:
        """Take back what broke off before anybody had it; it can be fetched again."""
        issuer = await self.issuer(row)
        await issuer.end(row.permit)
        after = replace(
            row, phase=RequestPhase.APPROVED, permit="", store="", message="it can be fetched again"
        )
        await self.save(after, "CredentialBrokeOff", "the issue broke off; nobody had anything")
        return await self.woken(after)
