"""Look at the repository: a new head, its diagnostics, its releases; then wake whom it concerns."""

from dataclasses import replace
from datetime import datetime, timedelta

from controller.model.names import StageName
from controller.steps import fetch as fetch_step
from controller.workflows import keys
from controller.workflows.parts import Parts

HEAD = "source/head"
LAST_WHOLE = "source/last-whole"
"""The last head without a broken document."""
FETCHED_AT = "source/fetched-at"


async def source(parts: Parts, *, every: timedelta) -> datetime:
    """Fetch once. Raises RepositoryUnreachable: then everything else goes on with what is known."""
    world = parts.world
    head, snapshot = await fetch_step.fetch(world.repository)
    commit = head.revision.commit
    known = parts.catalogs.head
    before = await world.ledger.fact(HEAD)
    await world.ledger.set_fact(FETCHED_AT, world.clock.now().isoformat())
    if known is None or known.commit != commit:
        loaded = await parts.catalogs.set_head(snapshot)
        await world.ledger.put_findings("source", commit, loaded.catalog.diagnostics)
        if before != commit:
            await _tell(parts, str(head.revision), snapshot.subject, head.rewritten_from)
        await wake_stages(parts)
        await world.ledger.set_fact(HEAD, commit)
        if not loaded.catalog.broken:
            await world.ledger.set_fact(LAST_WHOLE, commit)
    return world.clock.now() + every


async def _tell(parts: Parts, revision: str, subject: str, rewritten_from: str | None) -> None:
    head = parts.catalogs.known_head()
    await parts.recording.event(keys.SOURCE, "NewRevision", subject, revision=revision)
    if rewritten_from is not None:
        await parts.recording.event(
            keys.SOURCE, "HistoryRewritten", f"the branch was at {rewritten_from[:12]} before",
            revision=revision, warning=True,
        )  # fmt: skip
    for diagnostic in head.catalog.diagnostics:
        place = f"{diagnostic.span}: " if diagnostic.span else ""
        await parts.recording.event(
            keys.SOURCE, "DocumentRefused", f"{place}{diagnostic.message}",
            revision=revision, warning=True,
        )  # fmt: skip


async def wake_stages(parts: Parts) -> None:
    """Remember each product's release at the head, and wake all of its stages."""
    world = parts.world
    for product in parts.catalogs.products():
        release = parts.catalogs.release_at_head(product)
        if release is not None:
            await world.ledger.put_release(replace(release))
        pipeline = parts.catalogs.pipeline(product)
        for stage in pipeline.spec.stages if pipeline else ():
            await world.dispatcher.wake(keys.stage_key(StageName(product, stage.environment)))
    for unit in await world.ledger.units():
        await world.dispatcher.wake(keys.unit_key(unit.name))
