"""Send events to the receivers that Notification documents name; each has a place in the log."""

import json
from dataclasses import asdict, dataclass, replace
from datetime import timedelta

from controller.diagnostics.diagnostic import Diagnostic, Severity
from controller.diagnostics.errors import Stalled, Transient, TrueupError
from controller.model.event import Event, EventType
from controller.model.names import Commit
from controller.workflows.parts import Parts
from controller.workflows.reach import HEAD
from schemas.kinds.notification import Notification, product_of

MANY = 500
TRIES = 10
"""So many tries in a row fail before an event may be set aside,"""
PATIENCE = timedelta(hours=24)
"""and so old it must be by then: a receiver may be away for a day and miss nothing."""
SUBJECT = "notification:"
SCOPE = "notification/"


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a receiver did not take since it last took something."""

    tries: int = 0
    """Failed tries in a row that may be repeated."""
    set_aside: int = 0
    first: int = 0
    last: int = 0
    """The numbers of the first and the last event that were set aside."""

    def describe(self) -> str:
        """Name what was set aside."""
        if self.set_aside == 1:
            return f"event {self.last} was set aside"
        return f"{self.set_aside} events from {self.first} to {self.last} were set aside"


async def tell(parts: Parts) -> None:
    """Send what each receiver has not had yet, in order; what is sent twice carries one number.

    A receiver that is new begins with what happens from now on. An event that a receiver refuses,
    or could not be given for a day, is set aside with a word, and the next ones are sent. Raises
    Transient when one of them could not be reached: the others have had theirs, and it is tried
    again from where it was.
    """
    failed: list[TrueupError] = []
    for document in parts.world.notifications:
        try:
            await _Telling(parts, document).go_on()
        except TrueupError as error:
            failed.append(error)
    await _forget_gone(parts)
    if failed:
        raise Transient(tuple(d for error in failed for d in error.diagnostics))


@dataclass(slots=True)
class _Telling:
    """One receiver's turn."""

    parts: Parts
    document: Notification
    failure: TrueupError | None = None
    """Why it cannot be reached in this turn: it is asked once only."""

    async def go_on(self) -> None:
        """Send what comes after the place. Raises what `send` raises and may be repeated."""
        ledger, fact = self.parts.world.ledger, f"told/{self.name}"
        told = await ledger.fact(fact)
        if told is None:
            newest = await ledger.events(limit=1)
            await ledger.set_fact(fact, str(newest[-1].number if newest else 0))
            return
        after = int(told)
        while events := await ledger.events(after=after, limit=MANY):
            for event in events:
                if self._is_wanted(event):
                    await self._tell(event)
                after = event.number
                await ledger.set_fact(fact, str(after))

    @property
    def name(self) -> str:
        return self.document.metadata.name

    @property
    def subject(self) -> str:
        return f"{SUBJECT}{self.name}"

    def _is_wanted(self, event: Event) -> bool:
        """A receiver is not told of itself: refusing that would be told of again, for ever."""
        return event.subject != self.subject and self.document.wants(
            reason=event.reason,
            is_warning=event.type == EventType.WARNING,
            product=product_of(event.subject),
        )

    async def _tell(self, event: Event) -> None:
        if self.failure is not None:
            await self._give_up(event, self.failure)
            return
        try:
            notifier = await self.parts.world.notifier(self.document)
        except TrueupError as error:  # a file cannot be read: it is no fault of the event
            await self._note_failure(event, error)
            return
        try:
            await notifier.send(event)
        except Stalled as error:
            await self._set_aside(event, error)
        except TrueupError as error:
            await self._note_failure(event, error)
        else:
            await self._note_taken(event)

    async def _note_failure(self, event: Event, error: TrueupError) -> None:
        self.failure = error
        trouble = await self._trouble()
        await self._put(replace(trouble, tries=min(trouble.tries + 1, TRIES)))
        await self._give_up(event, error)

    async def _give_up(self, event: Event, error: TrueupError) -> None:
        """Set aside what is too old and was tried often; raise the error for anything else."""
        is_old = self.parts.world.clock.now() - event.at >= PATIENCE
        if not is_old or (await self._trouble()).tries < TRIES:
            raise error
        await self._set_aside(event, error)

    async def _set_aside(self, event: Event, error: TrueupError) -> None:
        """Tell the first of a row as an event, and all of them in a finding.

        What is about a receiver is in the finding alone: two that refuse each other's news would
        never come to an end.
        """
        ledger = self.parts.world.ledger
        trouble = await self._trouble()
        if not trouble.set_aside and not event.subject.startswith(SUBJECT):
            await self.parts.recording.event(
                self.subject, "NotificationSetAside",
                f"event {event.number}, `{event.reason}` of {event.subject}, is not told: {error}",
                warning=True,
            )  # fmt: skip
        if event.number > trouble.last:  # else the process died after it had written this
            first = trouble.first or event.number
            trouble = replace(
                trouble, set_aside=trouble.set_aside + 1, first=first, last=event.number
            )
            await self._put(trouble)
        found = [
            Diagnostic(
                code=each.code,
                message=f"{each.message}; of `Notification/{self.name}`, {trouble.describe()}",
                hint=f"{each.hint or 'look at the receiver'}; `trueup events` has what it missed",
                severity=Severity.WARNING,
            )
            for each in error.diagnostics
        ]
        await ledger.put_findings(f"{SCOPE}{self.name}", await _head(self.parts), found)

    async def _note_taken(self, event: Event) -> None:
        trouble = await self._trouble()
        if trouble == Trouble():
            return
        if trouble.set_aside and not event.subject.startswith(SUBJECT):
            await self.parts.recording.event(
                self.subject, "NotificationTaken", f"takes events again; {trouble.describe()}"
            )
            await self.parts.world.ledger.put_findings(
                f"{SCOPE}{self.name}", await _head(self.parts), ()
            )
            trouble = Trouble()
        await self._put(replace(trouble, tries=0))

    async def _trouble(self) -> Trouble:
        known = await self.parts.world.ledger.fact(f"trouble/{self.name}")
        return Trouble(**json.loads(known)) if known else Trouble()

    async def _put(self, trouble: Trouble) -> None:
        await self.parts.world.ledger.set_fact(f"trouble/{self.name}", json.dumps(asdict(trouble)))


async def _forget_gone(parts: Parts) -> None:
    """Take away findings of receivers whose document is gone."""
    known = {f"{SCOPE}{document.metadata.name}" for document in parts.world.notifications}
    scopes = {scope for scope, _ in await parts.world.ledger.findings()}
    for scope in sorted(scopes - known):
        if scope.startswith(SCOPE):
            await parts.world.ledger.put_findings(scope, await _head(parts), ())


async def _head(parts: Parts) -> Commit:
    return Commit(await parts.world.ledger.fact(HEAD) or "")
