"""Take away what nobody needs: once a day, a bounded part a turn, killed at any instant.

    events → workspaces → mark → facts, releases, artifacts → the disk → told

An artifact that nothing refers to is condemned first, and goes when that is still so after a grace:
whoever refers to it by then has stored it again, or found it held by something else.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import TypeVar

from pydantic import TypeAdapter

from controller.diagnostics.errors import TrueupError
from controller.model.canonical import digest_of
from controller.model.retention import Amount, Cleaning, OldEvents, Retention, StoredArtifact, Swept
from controller.model.status import StageStatus
from controller.steps.retain import KeptDecision, Known, Marked, retain
from controller.workflows import keys
from controller.workflows.parts import Parts
from controller.workflows.pointers import DECISIONS, read_head

Found = TypeVar("Found")
EVERY = timedelta(days=1)
SOON = timedelta(minutes=1)
"""Between two turns while there is more to do."""
AGAIN = timedelta(hours=1)
"""After a turn that could not find out what is needed."""
GRACE = timedelta(days=1)
MOST = 1000
"""So many events, facts, releases and artifacts go in one turn, of each kind."""
PAGES = 4000
"""So many pages of the ledger are given back in one turn."""
MUCH = Amount(100, 10 * 1024 * 1024)
"""What is worth an event."""
ALL = 1_000_000
LAST = "retention/last"
CONDEMNED = "retention/condemned"
_CLEANING = TypeAdapter(Cleaning)
_SINCE = TypeAdapter(dict[str, datetime])
_STATUS = TypeAdapter(StageStatus)


async def clean_up(parts: Parts) -> datetime:
    """Have one turn, and give when the next one is due."""
    turn = CleanUp(parts)
    cleaning = await turn.go()
    known = await last_cleaning(parts)
    if known is not None and not known.is_whole:  # what one day takes away, in however many turns
        cleaning = replace(cleaning, gone=_sum(known.gone, cleaning.gone))
    await parts.world.ledger.set_fact(LAST, _CLEANING.dump_json(cleaning).decode())
    if cleaning.is_whole and is_much(cleaning):
        said = ", ".join(f"{gone.count} {kind}" for kind, gone in sorted(cleaning.gone.items()))
        size = cleaning.total.bytes / 2**20
        await parts.recording.event(
            keys.RETENTION, "CleanedUp", f"nobody needs them any more: {said} ({size:.1f} MiB)"
        )
    if not cleaning.is_whole:
        return cleaning.at + SOON
    return cleaning.at + (EVERY if not cleaning.problem else AGAIN)


def is_much(cleaning: Cleaning) -> bool:
    """Tell whether so much went that people are told; of forgotten events always."""
    total = cleaning.total
    is_large = total.count >= MUCH.count or total.bytes >= MUCH.bytes
    return is_large or "events" in cleaning.gone


async def last_cleaning(parts: Parts) -> Cleaning | None:
    """Give what went last; None when there was no clean-up yet."""
    known = await parts.world.ledger.fact(LAST)
    return _CLEANING.validate_json(known) if known else None


def _sum(one: Mapping[str, Amount], other: Mapping[str, Amount]) -> Mapping[str, Amount]:
    return {
        kind: one.get(kind, Amount()) + other.get(kind, Amount())
        for kind in dict.fromkeys([*one, *other])
    }


@dataclass
class CleanUp:
    """One turn; a dry one takes nothing away, and looks at everything."""

    parts: Parts
    dry: bool = False
    gone: dict[str, Amount] = field(default_factory=dict)
    kept: dict[str, Amount] = field(default_factory=dict)
    is_whole: bool = True

    async def go(self) -> Cleaning:
        """Do it, and tell what went."""
        world = self.parts.world
        now, retention = world.clock.now(), world.tuning.retention
        await self._events(now, retention)
        await self._workspaces(now, retention)
        problem = ""
        try:
            marked = await self._mark(now, retention)
        except TrueupError as error:  # what is not known to be free stays
            problem = str(error)
        else:
            await self._ledger(marked)
            await self._artifacts(marked, now, retention)
        if not self.dry:
            await world.ledger.give_back(PAGES)
        disk = await asyncio.to_thread(world.disk.usage)
        return Cleaning(now, self.gone, self.kept, disk, self.dry, self.is_whole, problem)

    async def _events(self, now: datetime, retention: Retention) -> None:
        """Forget old events, but those that a receiver was not told yet."""
        ledger, found = self.parts.world.ledger, 0
        old = OldEvents(now - retention.events, retention.events_newest, await self._told())
        for subject in await ledger.event_subjects():
            numbers = await ledger.old_events(subject, old, ALL if self.dry else MOST - found)
            found += len(numbers)
            if numbers and not self.dry:
                await ledger.forget_events(numbers)
            if found >= MOST and not self.dry:
                self.is_whole = False
                break
            await asyncio.sleep(0)  # others have their turns
        self._count(self.gone, "events", Amount(found))

    async def _told(self) -> int:
        """Give the number from which on a receiver was not told of events."""
        world = self.parts.world
        told = [await world.ledger.fact(f"told/{d.metadata.name}") for d in world.notifications]
        return min((int(number) + 1 for number in told if number is not None), default=ALL**2)

    async def _workspaces(self, now: datetime, retention: Retention) -> None:
        workspaces = self.parts.world.workspaces
        trees = await workspaces.sweep_trees(now - retention.unreferenced, dry=self.dry)
        plans = await workspaces.sweep_plans(now - retention.plans, dry=self.dry)
        self._swept("trees", trees)
        if (sweep := self.parts.world.sweep_providers) is not None:
            self._swept("providers", await sweep(now - retention.providers, dry=self.dry))
        self._swept("saved plans", plans)

    def _swept(self, kind: str, swept: Swept) -> None:
        self._count(self.gone, kind, swept.gone)
        self._count(self.kept, f"{kind} in use", swept.held)
        self._count(self.kept, f"{kind} that are young", swept.young)

    async def _mark(self, now: datetime, retention: Retention) -> Marked:
        """Look at all that may refer to something. Raises RepositoryUnreachable."""
        ledger = self.parts.world.ledger
        files = await self.parts.world.pointers.read()
        stages = await ledger.stages()
        products = {status.name.product for status in stages}
        known = Known(
            now,
            stages=[_STATUS.dump_json(status).decode() for status in stages],
            pointers=[text for path, text in files.items() if not path.startswith(DECISIONS)],
            facts={n: v for n, v in (await ledger.facts()).items() if n not in {LAST, CONDEMNED}},
            releases={
                product: [each.digest for each in await ledger.releases(product, limit=ALL)]
                for product in sorted(products)
            },
        )
        return await asyncio.to_thread(_retain, known, files, retention)

    async def _ledger(self, marked: Marked) -> None:
        """Forget facts and releases that nothing needs."""
        ledger = self.parts.world.ledger
        facts = dict(self._some(marked.facts.items()))
        releases = list(self._some((p, d) for p, found in marked.releases.items() for d in found))
        if not self.dry:
            if facts:
                await ledger.forget_facts(facts)
            for product in {product for product, _ in releases}:
                await ledger.forget_releases(product, {d for p, d in releases if p == product})
        self._count(self.gone, "facts", Amount(len(facts)))
        self._count(self.gone, "releases", Amount(len(releases)))

    async def _artifacts(self, marked: Marked, now: datetime, retention: Retention) -> None:
        """Remove what was condemned for long enough, and condemn what nothing refers to."""
        artifacts, ledger = self.parts.world.artifacts, self.parts.world.ledger
        known = await ledger.fact(CONDEMNED)
        since = _SINCE.validate_json(known) if known else {}
        left = dict[str, datetime]()
        may_go = list[StoredArtifact]()
        for stored in await artifacts.stored():
            amount = Amount(1, stored.size)
            if stored.digest in marked.held:
                self._count(self.kept, marked.held[stored.digest], amount)
            elif now - stored.put_at < retention.unreferenced:
                self._count(self.kept, "artifacts that are young", amount)
            elif now - since.get(stored.digest, now) < GRACE:
                left[stored.digest] = since.get(stored.digest, now)
                self._count(self.kept, "artifacts that go tomorrow", amount)
            else:
                may_go.append(stored)
        left |= {each.digest: since[each.digest] for each in may_go}
        for stored in self._some(may_go):
            condemned = since[stored.digest]
            if self.dry or await artifacts.remove(stored.digest, unless_put_since=condemned):
                left.pop(stored.digest, None)
                self._count(self.gone, "artifacts", Amount(1, stored.size))
        if not self.dry and left != since:
            await ledger.set_fact(CONDEMNED, _SINCE.dump_json(left).decode())

    def _some(self, found: Iterable[Found]) -> list[Found]:
        """Give as many as one turn takes away; a dry one counts all."""
        given = list(found)
        if self.dry or len(given) <= MOST:
            return given
        self.is_whole = False
        return given[:MOST]

    @staticmethod
    def _count(counted: dict[str, Amount], kind: str, amount: Amount) -> None:
        if amount.count:
            counted[kind] = counted.get(kind, Amount()) + amount


def _retain(known: Known, files: Mapping[str, str], retention: Retention) -> Marked:
    """Read the records and mark; in a thread, for there may be many."""
    decisions: dict[str, list[KeptDecision]] = {}
    for path, text in files.items():
        if path.startswith(DECISIONS):
            kept = KeptDecision(digest_of(text), text, read_head(text))
            decisions.setdefault(str(PurePosixPath(path).parent), []).append(kept)
    return retain(replace(known, decisions=decisions), retention)
