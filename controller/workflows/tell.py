"""Send events to the receivers that Notification documents name; each has a place in the log."""

from controller.diagnostics.errors import Transient, TrueupError
from controller.model.event import Event, EventType
from controller.workflows.parts import Parts
from schemas.kinds.notification import Notification, product_of

MANY = 500


async def tell(parts: Parts) -> None:
    """Send what each receiver has not had yet, in order; what is sent twice carries one number.

    A receiver that is new begins with what happens from now on. Raises Transient when one of them
    could not be reached: the others have had theirs, and it is tried again from where it was.
    """
    failed: list[TrueupError] = []
    for document in parts.world.notifications:
        try:
            await _tell_one(parts, document)
        except TrueupError as error:
            failed.append(error)
    if failed:
        raise Transient(tuple(d for error in failed for d in error.diagnostics))


async def _tell_one(parts: Parts, document: Notification) -> None:
    ledger = parts.world.ledger
    fact = f"told/{document.metadata.name}"
    told = await ledger.fact(fact)
    if told is None:
        newest = await ledger.events(limit=1)
        await ledger.set_fact(fact, str(newest[-1].number if newest else 0))
        return
    after = int(told)
    while events := await ledger.events(after=after, limit=MANY):
        for event in events:
            if _is_wanted(document, event):
                notifier = await parts.world.notifier(document)
                await notifier.send(event)
            after = event.number
            await ledger.set_fact(fact, str(after))


def _is_wanted(document: Notification, event: Event) -> bool:
    return document.wants(
        reason=event.reason,
        is_warning=event.type == EventType.WARNING,
        product=product_of(event.subject),
    )
