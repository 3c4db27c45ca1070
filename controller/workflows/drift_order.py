"""Drift is put back in the order of the graph: first what others need.

A machine that starts anew leaves a database and the service that needs it down at once. Whichever
is looked at first, the service would be started in vain before the database is there.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from controller.model.condition import ConditionType
from controller.model.drift import is_put_back
from controller.model.names import UnitName
from controller.model.status import UnitStatus
from controller.workflows import keys
from controller.workflows.catalogs import StageTarget, Wanted
from controller.workflows.units import Units
from controller.workflows.wishes import Wishes
from controller.workflows.world import World

PAUSE = timedelta(seconds=30)
"""After this it is looked again whether a correction may go on, if nothing has woken it before."""


class DriftOrder:
    """Tells which corrections have to wait; who waits is forgotten with the process."""

    def __init__(self, world: World, units: Units, wishes: Wishes) -> None:
        self._world = world
        self._units = units
        self._wishes = wishes
        self._waiting: dict[UnitName, set[UnitName]] = {}
        """What is put back or looked at first → the units that wait for it."""

    async def wait_for(self, wanted: Wanted, status: UnitStatus) -> tuple[UnitName, ...]:
        """Name what has to be put back, or looked at, before the drift of a unit is put back.

        What was not looked at since the drift was found is woken for a look. What nobody looks
        at, or cannot be looked at, holds up nothing: the correction then finds out by itself.
        """
        if not any(map(is_put_back, status.drift)):
            return ()
        first = []
        target = await self._units.target(wanted.unit.name.stage)
        for upstream in _all_needs(target, wanted):
            known = await self._world.ledger.unit(upstream.unit.name)
            if known is None or known.outcome is None or await self._units.is_suspended(upstream):
                continue
            if await self._is_to_be_corrected(upstream, known):
                first.append(upstream.unit.name)
            elif self._is_unseen(upstream, known, status):
                await self._world.dispatcher.wake(keys.drift_key(upstream.unit.name), priority=1)
                first.append(upstream.unit.name)
        for name in first:
            self._waiting.setdefault(name, set()).add(wanted.unit.name)
        return tuple(first)

    async def went_on(self, name: UnitName) -> None:
        """Wake those that wait for a unit: it was looked at, or had a turn."""
        waiting = self._waiting.pop(name, ())
        await self._world.dispatcher.wake_all(map(keys.unit_key, sorted(waiting)))

    def again(self) -> datetime:
        """Tell when somebody who waits looks again."""
        return self._world.clock.now() + PAUSE

    async def _is_to_be_corrected(self, wanted: Wanted, status: UnitStatus) -> bool:
        if self._units.is_corrected(wanted, status):
            return True
        is_drifted = any(map(is_put_back, status.drift))
        return is_drifted and await self._wishes.is_correction_asked(status.name)

    @staticmethod
    def _is_unseen(wanted: Wanted, known: UnitStatus, since: UnitStatus) -> bool:
        if wanted.unit.stack.spec.drift.mode == "off" or known.is_unknown(ConditionType.IN_SYNC):
            return False
        then, found = known.drift_looked_at, since.drift_looked_at
        return then is not None and found is not None and then < found


def _all_needs(target: StageTarget, wanted: Wanted) -> Iterator[Wanted]:
    """Give what a unit needs, directly or by way of others."""
    seen, queue = {wanted.unit.name}, [wanted]
    for each in queue:
        for name in each.unit.needs_units:
            found = None if name in seen else target.find(name)
            seen.add(name)
            if found is not None:
                queue.append(found)
                yield found
