"""Secrets at which nothing has changed since their last turn, found by one request for a folder.

A full turn of a secret asks its stores six times or more. One search of a store describes all that
lies in a folder of it, without values. What a secret rests on is compared with what was there
before its last full turn began: when that is the same, the turn saw exactly this and was content
with it, and nothing was written since. The search must have begun after that turn ended. A
delivered file is read again only when its trace is another; now and then there is a full turn all
the same.

What only a controller writes, the notes of rotations and copies, is half of what lies there, and is
not searched: nothing of it changes without a turn of ours, or without the value or a copy.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from controller.diagnostics.errors import Stalled
from controller.model.delivery import Delivery, FileAccess, RotationPhase, SecretDescription
from controller.model.names import Digest, SecretName
from controller.ports.secret_store import SecretStore
from controller.ports.secret_target import Trace
from controller.workflows.world import World
from schemas.kinds.secret import Secret

FRESH = timedelta(seconds=30)
"""How long one search serves; what is written meanwhile is seen at the next look."""
FULL = timedelta(hours=6)
"""A full turn comes after this time, whatever the traces say."""


@dataclass(frozen=True, slots=True)
class Basis:
    """What a turn rests on beside what lies in the store."""

    document: Digest | None
    asked_at: datetime | None
    access: FileAccess
    store: str
    """The document of the store."""


@dataclass(slots=True)
class _Search:
    number: int
    at: datetime
    found: Mapping[str, SecretDescription]


@dataclass(frozen=True, slots=True)
class _Turn:
    basis: Basis
    prints: tuple[object, ...]
    ended: int
    at: datetime
    delivery: Delivery
    edition: int | None
    trace: Trace | None


@dataclass
class Quiet:
    """Remembers turns that ended well, in memory; a new life looks at everything once."""

    world: World
    _count: int = 0
    _searches: dict[tuple[int, str], _Search] = field(default_factory=dict)
    _turns: dict[SecretName, _Turn] = field(default_factory=dict)
    _refused: set[int] = field(default_factory=set)
    _guard: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def prints(
        self, name: SecretName, document: Secret, store: SecretStore
    ) -> tuple[object, ...] | None:
        """Tell what lies in a secret's store of all that it rests on; None when that is not cheap.

        Secrets that rest on other things too have a full turn each time: logins, schedules,
        consumers, copies in other stores and at GitHub.
        """
        spec = document.spec
        generate, copies = spec.generate, spec.deliver.copies
        is_plain = generate is None or generate.random is not None
        is_plain = is_plain and spec.rotation is None and not spec.consumers  # those have deadlines
        own = all(copy.store is not None and copy.store.store == spec.store for copy in copies)
        if not (is_plain and own and store.capabilities.is_searched_at_once):
            return None
        paths = [str(name)]
        for copy in copies:
            if copy.store is not None:
                path = copy.store.path.replace("{product}", name.product)
                paths.append(path.replace("{environment}", name.environment))
        turn, found = self._turns.get(name), dict[str, Mapping[str, SecretDescription]]()
        for folder in {path.partition("/")[0] for path in paths}:
            search = await self._search(store, folder, after=turn.ended if turn else 0)
            if search is None:
                return None
            found[folder] = search
        described = [found[path.partition("/")[0]].get(path) for path in paths]
        return tuple(
            None if each is None else (each.fingerprint, tuple(sorted(each.marks.items())))
            for each in described
        )

    async def unchanged(
        self, name: SecretName, basis: Basis, prints: tuple[object, ...]
    ) -> Delivery | None:
        """Give what was delivered at the last turn when nothing has changed and nothing is due."""
        turn = self._turns.get(name)
        if turn is None or (turn.basis, turn.prints) != (basis, prints):
            return None
        delivery, now = turn.delivery, self.world.clock.now()
        due = delivery.come_again is not None and now >= delivery.come_again
        due = due or not turn.at <= now < turn.at + FULL  # or the clock was set back
        if due or delivery.phase is not RotationPhase.IDLE or delivery.drifted:
            return None
        return delivery if await self._is_there(name, turn) else None

    async def _is_there(self, name: SecretName, turn: _Turn) -> bool:
        """Tell whether what the turn delivered lies there still."""
        trace = await self.world.secret_target.trace(name)
        if trace is not None and trace == turn.trace:
            return True
        edition = await self.world.secret_target.generation(name, turn.basis.access)
        if edition is None or edition != turn.edition:
            return False
        self._turns[name] = replace(turn, trace=trace)
        return True

    def forget(self, name: SecretName) -> None:
        """Have the next turn be a full one."""
        self._turns.pop(name, None)

    async def ended(
        self, name: SecretName, basis: Basis, prints: tuple[object, ...] | None, delivery: Delivery
    ) -> None:
        """Remember a full turn that began with these prints."""
        self.forget(name)
        if prints is not None:
            target, now = self.world.secret_target, self.world.clock.now()
            trace = await target.trace(name)  # before it is read: what changes then is seen later
            edition = await target.generation(name, basis.access)
            self._count += 1
            self._turns[name] = _Turn(
                basis, prints, self._count, now, delivery, edition, trace if edition else None
            )

    async def _search(
        self, store: SecretStore, folder: str, *, after: int
    ) -> Mapping[str, SecretDescription] | None:
        """Give a search of a folder that began after something; rights for it may be missing."""
        key = id(store), folder
        async with self._guard:
            now, last = self.world.clock.now(), self._searches.get(key)
            if last is not None and last.number > after and last.at <= now < last.at + FRESH:
                return last.found
            if id(store) in self._refused:
                return None
            self._count += 1
            number = self._count
            try:
                found = await store.survey(folder)
            except Stalled:
                self._refused.add(id(store))  # for this life: a full turn does without
                return None
            self._searches[key] = _Search(number, now, found)
            return found
