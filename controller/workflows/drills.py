"""Drills, as rows of one fact: one write begins a drill whole, and no kill leaves a half of it.

A secret's rotation is asked for when a drill names it: nothing else is written for that.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from controller.diagnostics.errors import Stalled
from controller.model.drill import Drill
from controller.model.names import SecretName
from controller.ports.ledger import DecisionLedger

FACT = "drills"
KEPT = 50


class Drills:
    """Reads and writes drills."""

    def __init__(self, ledger: DecisionLedger) -> None:
        self._ledger = ledger
        self._text = ""
        self._drills: tuple[Drill, ...] = ()

    async def all(self) -> Sequence[Drill]:
        """Give those that are kept, the oldest first."""
        text = await self._ledger.fact(FACT) or ""
        if text != self._text:
            self._drills = tuple(_read(each) for each in json.loads(text))
            self._text = text
        return self._drills

    async def find(self, identity: str) -> Drill | None:
        """Give one; None when there is none, or not any more."""
        return next((each for each in await self.all() if each.id == identity), None)

    async def begin(self, drill: Drill) -> None:
        """Ask for all of its rotations. Raises Stalled when one began in the same second."""
        known = await self.all()
        if any(each.id == drill.id for each in known):
            raise Stalled.because(
                "another drill began in this second", hint="look at it, or ask again"
            )
        kept = [*known, drill][-KEPT:]
        await self._ledger.set_fact(FACT, json.dumps([_plain(each) for each in kept]))

    async def latest_of(self, secret: SecretName) -> Drill | None:
        """Give the newest drill that names a secret."""
        name = str(secret)
        return next((each for each in reversed(await self.all()) if name in each.secrets), None)


def _plain(drill: Drill) -> dict[str, object]:
    return {**asdict(drill), "at": drill.at.isoformat()}


def _read(plain: Mapping[str, Any]) -> Drill:
    words = {**plain, "at": datetime.fromisoformat(plain["at"])}
    return Drill(**{**words, "secrets": tuple(words["secrets"])})
