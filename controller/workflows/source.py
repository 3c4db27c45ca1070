"""Look at the repository: a new head, its diagnostics, its releases; then wake whom it concerns."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from controller.diagnostics.diagnostic import Diagnostic
from controller.diagnostics.errors import Stalled, TrueupError
from controller.model.following import FoundTag
from controller.model.history import Trust
from controller.model.names import Commit
from controller.ports.git import Head
from controller.steps import fetch as fetch_step
from controller.steps import trust as trust_step
from controller.workflows import keys
from controller.workflows.forecast_runs import keys_of_forecasts
from controller.workflows.hand_edits import Pointers
from controller.workflows.parts import Parts
from controller.workflows.reach import HEAD, note_failure, note_success
from controller.workflows.silence import tell_of_silence
from schemas.kinds.exception import AllowedFinding
from schemas.kinds.stack import Stack

LAST_WHOLE = "source/last-whole"
"""The last head without a broken document."""
REVISION = "source/revision"
"""The last head with the branch or tag it was found by: a rewritten history is told against it."""
REFUSED = "source/refused"
VERIFIED = "source/verified"
"""The last head whose signatures were looked at, and good."""
VERIFIED_TAG = "source/verified-tag"
"""The tag of the last head that was good, with its time: no older one is accepted after it."""
SIGNATURES = "signatures"
EXPIRIES = {
    "load/exception-expired": "ExceptionExpired",
    "load/drift-ignore-expired": "DriftIgnoreExpired",
}
SCOPE = "source"


async def source(parts: Parts, *, every: timedelta) -> datetime:
    """Fetch once. Raises RepositoryUnreachable: then everything else goes on with what is known."""
    world = parts.world
    await tell_of_silence(parts)
    await _begin_day(parts)
    try:
        head = await fetch_step.fetch(world.repository, await world.ledger.fact(REVISION))
    except TrueupError as error:
        await note_failure(parts, error)
        raise
    await note_success(parts)
    await Pointers(parts).wake_moved()
    if not await _accept(parts, head):
        return world.clock.now() + every
    commit = head.revision.commit
    known = parts.catalogs.head
    before = await world.ledger.fact(HEAD)
    if known is None or known.commit != commit or before != commit:  # or it was cut off below
        loaded = await parts.catalogs.set_head(await world.repository.snapshot(commit))
        await world.ledger.put_findings(SCOPE, commit, loaded.catalog.diagnostics)
        if before != commit:
            await _tell(parts, head, loaded.snapshot.subject)
        await wake_stages(parts)
        await world.ledger.set_fact(REVISION, str(head.revision))
        if not loaded.catalog.broken:
            await world.ledger.set_fact(LAST_WHOLE, commit)
        await world.ledger.set_fact(HEAD, commit)
    again = world.clock.now() + every
    expiry = await _wake_at_expiry(parts)
    return min(again, expiry or again)


async def _begin_day(parts: Parts) -> None:
    """Look at the head anew on each day, and after each start: an exception may have expired.

    What is found is compared with what was written down, so that nothing is missed by a process
    that was not there at midnight.
    """
    head = parts.catalogs.head
    if head is None or not parts.catalogs.begins_day():
        return
    ledger = parts.world.ledger
    loaded = await parts.catalogs.set_head(head.snapshot)
    found = loaded.catalog.diagnostics
    before = {_mark(each) for scope, each in await ledger.findings() if scope == SCOPE}
    if {_mark(each) for each in found} != before:
        revision = await ledger.fact(REVISION) or ""
        for diagnostic in found:
            if _mark(diagnostic) not in before:
                await _tell_found(parts, diagnostic, revision)
        await ledger.put_findings(SCOPE, head.commit, found)
        await wake_stages(parts)
    parts.catalogs.began_day()
    await _wake_at_expiry(parts)


def _mark(diagnostic: Diagnostic) -> tuple[str, str, str]:
    return diagnostic.code, diagnostic.message, str(diagnostic.span)


async def _wake_at_expiry(parts: Parts) -> datetime | None:
    """Give when the next exception or ignored drift expires, and come again then in any case."""
    now, head = parts.world.clock.now(), parts.catalogs.head
    days = [each.spec.expires for each in (head.catalog.all(AllowedFinding) if head else ())]
    for stack in head.catalog.all(Stack) if head else ():
        days.extend(rule.until for rule in stack.spec.drift.ignore)
    ends = [
        datetime.combine(day + timedelta(days=1), time(), UTC) for day in days if day < date.max
    ]
    soonest = min((end for end in ends if end > now), default=None)
    if soonest is not None:
        await parts.world.dispatcher.wake(keys.SOURCE, at=soonest)
    return soonest


async def _accept(parts: Parts, head: Head) -> bool:
    """Look at signatures where they are wanted; until they are good, the last good head holds."""
    world, commit = parts.world, head.revision.commit
    if world.trust is None:
        return True
    verified = await world.ledger.fact(VERIFIED)
    if verified != commit:
        refused = await _judge(parts, world.trust, head, Commit(verified) if verified else None)
        await world.ledger.put_findings(SIGNATURES, commit, refused)
        if refused:
            await _tell_refused(parts, head, refused)
            return False
    await world.repository.accept(commit)
    if head.tag is not None and verified != commit:
        await world.ledger.set_fact(VERIFIED_TAG, f"{head.tag.made_at} {head.tag.name}")
    await world.ledger.set_fact(VERIFIED, commit)
    if await world.ledger.fact(REFUSED):
        await world.ledger.put_findings(SIGNATURES, commit, ())
        await world.ledger.set_fact(REFUSED, "")
    return True


async def _judge(
    parts: Parts, trust: Trust, head: Head, verified: Commit | None
) -> tuple[Diagnostic, ...]:
    try:
        made_at, _, name = (await parts.world.ledger.fact(VERIFIED_TAG) or "").partition(" ")
        tagged = FoundTag(name, int(made_at)) if name else None
        return await trust_step.judge(parts.world.repository, trust, head, verified, tagged)
    except Stalled as error:  # keys that cannot be read: what cannot be checked is not believed
        return error.diagnostics


async def _tell_refused(parts: Parts, head: Head, refused: tuple[Diagnostic, ...]) -> None:
    """Tell of a refused head once, however often it is looked at."""
    ledger, commit = parts.world.ledger, head.revision.commit
    if await ledger.fact(REFUSED) == commit:
        return
    await _tell_rewritten(parts, head)
    for each in refused:
        await parts.recording.event(
            keys.SOURCE, "RevisionRefused", each.message,
            revision=str(head.revision), warning=True,
        )  # fmt: skip
    await ledger.set_fact(REFUSED, commit)


async def _tell(parts: Parts, head: Head, subject: str) -> None:
    revision = str(head.revision)
    await parts.recording.event(keys.SOURCE, "NewRevision", subject, revision=revision)
    await _tell_rewritten(parts, head)
    for diagnostic in parts.catalogs.known_head().catalog.diagnostics:
        await _tell_found(parts, diagnostic, revision)


async def _tell_found(parts: Parts, diagnostic: Diagnostic, revision: str) -> None:
    place = f"{diagnostic.span}: " if diagnostic.span else ""
    await parts.recording.event(
        keys.SOURCE, EXPIRIES.get(diagnostic.code, "DocumentRefused"),
        f"{place}{diagnostic.message}", revision=revision, warning=True,
    )  # fmt: skip


async def _tell_rewritten(parts: Parts, head: Head) -> None:
    if head.rewritten_from is not None:
        await parts.recording.event(
            keys.SOURCE, "HistoryRewritten",
            f"`{head.revision.branch}` was at {head.rewritten_from} before",
            revision=str(head.revision), warning=True,
        )  # fmt: skip


async def wake_stages(parts: Parts) -> None:
    """Remember each product's release at the head, and wake all of its stages.

    A stage looks over its units; those whose stage is there no more are woken one by one.
    """
    world = parts.world
    await parts.breaker.look()
    for product in parts.catalogs.products():
        release = parts.catalogs.release_at_head(product)
        if release is not None:
            await world.ledger.put_release(replace(release))
    stages = set(parts.catalogs.stages())
    left = [unit.name for unit in await world.ledger.units() if unit.name.stage not in stages]
    woken = [keys.stage_key(stage) for stage in sorted(stages)]
    ahead = keys_of_forecasts(parts)
    await world.dispatcher.wake_all([*woken, *map(keys.unit_key, left), *ahead])
