"""A history of states that does not last."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from controller.diagnostics.secret import SecretText
from controller.model.names import Digest, UnitName
from controller.model.provider_places import Places
from controller.model.state import EngineState, KeptState


class MemoryStateHistory:
    """See the port."""

    def __init__(self, limit: int = 20, now: Callable[[], datetime] | None = None) -> None:
        self._limit = limit
        self._now = now or (lambda: datetime(2026, 1, 1, tzinfo=UTC))
        self._kept: dict[UnitName, list[tuple[KeptState, SecretText]]] = {}

    async def keep(
        self, unit: UnitName, state: EngineState, *, why: str, made_with: Sequence[Places] = ()
    ) -> None:
        """See the port."""
        digest, origin = digest_of(state.content), tuple(made_with)
        kept = self._kept.setdefault(unit, [])
        for number, (each, content) in enumerate(kept):
            if each.digest == digest:
                known = replace(each, made_with=each.made_with or origin)
                kept[number] = (known, content)
                return
        what = KeptState(
            state.serial, state.lineage, digest, self._now(), why, state.resources, origin
        )
        kept.append((what, state.content))
        del kept[: -self._limit]

    async def origin(self, unit: UnitName, state: EngineState) -> tuple[Places, ...]:
        """See the port."""
        digest = digest_of(state.content)
        found = (each.made_with for each, _ in self._kept.get(unit, []) if each.digest == digest)
        return next(found, ())

    async def kept(self, unit: UnitName) -> Sequence[KeptState]:
        """See the port."""
        return [each for each, _ in reversed(self._kept.get(unit, []))]

    async def read(self, unit: UnitName, serial: int) -> SecretText | None:
        """See the port."""
        found = [text for each, text in self._kept.get(unit, []) if each.serial == serial]
        return found[-1] if found else None


def digest_of(content: SecretText) -> Digest:
    """Give the content address of a state."""
    return Digest(f"sha256:{hashlib.sha256(content.reveal().encode()).hexdigest()}")
