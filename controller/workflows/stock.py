"""What is remembered of secrets between two looks, in memory: marks of texts, never texts.

Everything is looked at anew in each life of the controller; texts that were seen are known by
their identity and not read twice.
"""

import asyncio
from array import array
from collections.abc import Mapping
from datetime import datetime

from controller.diagnostics.secret import SecretText
from controller.model.inventory import Place, Sighting, StockItem
from controller.model.names import SecretName, UnitName
from controller.model.status import SecretStatus
from controller.steps.secrets.sightings import Marks, is_in, marks_in, marks_of
from controller.workflows.world import World
from schemas.kinds.secret_store import SecretStore as SecretStoreDocument

MOST_FILES = 50_000
"""Of the repository's history, the newest first."""
MOST_AT_A_TIME = 2_000
"""Files that one look reads; the next goes on."""
KEY_LENGTH = 43


class Stock:
    """Remembers, and reads what is new."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._key: SecretText | None = None
        self._files: dict[str, tuple[str, array[int]]] = {}
        self._states: dict[UnitName, tuple[str, array[int]]] = {}
        self._values: dict[SecretName, tuple[object, tuple[Marks, ...]]] = {}
        self.items: Mapping[SecretName, StockItem] = {}
        self.looked_at: datetime | None = None
        self.unread = 0
        """Files of the history that were not looked at yet."""

    async def read_history(self) -> None:
        """Look at files of the history that were not seen; some of them. Raises what ports do."""
        past = self._world.oversight.past
        if past is None:
            return
        listed = await past.past_blobs(MOST_FILES)
        new = [blob for blob in listed if blob.identity not in self._files]
        for blob in new[:MOST_AT_A_TIME]:
            content = await past.past_blob(blob.identity)
            marks = array("Q") if content is None else await self._marks_in(content)
            self._files[blob.identity] = (blob.path, marks)
        self.unread = max(0, len(new) - MOST_AT_A_TIME)

    async def read_states(self) -> None:
        """Look at the newest kept state of each unit."""
        world = self._world
        for status in await world.ledger.units():
            kept = await world.states.kept(status.name)
            if not kept or self._states.get(status.name, ("",))[0] == kept[0].digest:
                continue
            content = await world.states.read(status.name, kept[0].serial)
            if content is not None:
                marks = await self._marks_in(content)
                self._states[status.name] = (kept[0].digest, marks)

    async def value(
        self, status: SecretStatus, store: SecretStoreDocument | None
    ) -> tuple[Marks, ...]:
        """Give the marks of a secret's value, which is read when it is another than before."""
        delivery = status.delivery
        if delivery is None or store is None:
            return ()
        which = (delivery.reference, delivery.version, delivery.generation, delivery.phase)
        known = self._values.get(status.name)
        if known is None or known[0] != which:
            opened = await self._world.secret_store(store)
            known = (which, await marks_of(opened, delivery.reference, self._secret_key()))
            self._values[status.name] = known
        return known[1]

    async def sightings(
        self, values: Mapping[SecretName, tuple[Marks, ...]]
    ) -> Mapping[SecretName, list[Sighting]]:
        """Look for all values in all that was read."""
        return await asyncio.to_thread(self._sightings, values)

    def _sightings(
        self, values: Mapping[SecretName, tuple[Marks, ...]]
    ) -> Mapping[SecretName, list[Sighting]]:
        wanted = frozenset().union(*(marks for value in values.values() for marks in value))
        found: dict[SecretName, list[Sighting]] = {}
        places = [
            *((Place.HISTORY, path, marks) for path, marks in self._files.values()),
            *((Place.STATE, str(unit), marks) for unit, (_, marks) in self._states.items()),
        ]
        for place, where, marks in places:
            there = wanted.intersection(marks)
            if not there:
                continue
            for name, value in values.items():
                if is_in(value, there):
                    found.setdefault(name, []).append(Sighting(place, where))
        return found

    async def _marks_in(self, content: bytes | SecretText) -> "array[int]":
        return await asyncio.to_thread(marks_in, content, self._secret_key())

    def _secret_key(self) -> SecretText:
        if self._key is None:
            self._key = self._world.new_secret(KEY_LENGTH)
        return self._key
