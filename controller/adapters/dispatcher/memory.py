"""The dispatcher's table in memory."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from controller.adapters.dispatcher._store import Again, Busy, GroupOf, Planned, Turn


@dataclass(frozen=True, slots=True)
class _Row:
    planned: Planned
    number: int
    again_due: datetime | None = None
    again_priority: int = 0


class MemoryWakeups:
    """Implements `WakeupStore` with a dictionary that is gone with the process."""

    def __init__(self) -> None:
        self._rows: dict[str, _Row] = {}
        self._count = 0

    def regroup(self, group_of: GroupOf) -> None:
        """Recompute every key's group."""
        for key, row in self._rows.items():
            self._rows[key] = replace(row, planned=replace(row.planned, group=group_of(key)))

    def wake(self, wishes: Iterable[Planned], again: Iterable[Again] = ()) -> None:
        """Plan keys, and note wake-ups of keys that are worked on."""
        for wish in wishes:
            self._plan(wish)
        for each in again:
            self._plan_again(each)

    def _plan(self, wish: Planned) -> None:
        row = self._rows.get(wish.key)
        if row is None:
            self._rows[wish.key] = _Row(wish, self._next_number())
            return
        self._rows[wish.key] = replace(
            row,
            planned=replace(
                row.planned,
                due=min(row.planned.due, wish.due),
                priority=max(row.planned.priority, wish.priority),
            ),
        )

    def _plan_again(self, again: Again) -> None:
        if row := self._rows.get(again.key):
            self._rows[again.key] = replace(
                row,
                again_due=again.due if row.again_due is None else min(row.again_due, again.due),
                again_priority=max(row.again_priority, again.priority),
            )

    def next_ready(self, now: datetime, busy: Busy) -> Planned | None:
        """Give the key to work on next."""
        ready = (
            row
            for row in self._rows.values()
            if row.planned.due <= now
            and row.planned.subject not in busy.subjects
            and row.planned.lane not in busy.lanes
            and row.planned.group not in busy.groups
        )
        first = min(
            ready,
            key=lambda row: (-row.planned.priority, row.planned.due, row.number),
            default=None,
        )
        return None if first is None else first.planned

    def finish(self, key: str, turn: Turn) -> None:
        """Plan the next turn of a key, or forget it."""
        row = self._rows.get(key)
        if row is None:
            return
        wishes = [due for due in (turn.due, row.again_due) if due is not None]
        if not wishes:
            del self._rows[key]
            return
        priority = turn.priority
        if row.again_due is not None:
            priority = max(priority, row.again_priority)
        planned = replace(row.planned, due=min(wishes), priority=priority, attempts=turn.attempts)
        self._rows[key] = _Row(planned, self._next_number())

    def set_back(self, by: timedelta) -> None:
        """Plan every key so much sooner."""
        for key, row in self._rows.items():
            again = None if row.again_due is None else row.again_due - by
            planned = replace(row.planned, due=row.planned.due - by)
            self._rows[key] = replace(row, planned=planned, again_due=again)

    def forget(self, key: str) -> None:
        """Forget a key; one that is not there is no error."""
        self._rows.pop(key, None)

    def next_due(self, now: datetime) -> datetime | None:
        """Give the soonest due time after `now`."""
        return min(
            (row.planned.due for row in self._rows.values() if row.planned.due > now), default=None
        )

    def has_due(self, now: datetime) -> bool:
        """Tell whether any key is due."""
        return any(row.planned.due <= now for row in self._rows.values())

    def planned(self) -> Sequence[Planned]:
        """Give every key, the soonest first."""
        rows = sorted(self._rows.values(), key=lambda row: (row.planned.due, row.number))
        return [row.planned for row in rows]

    def _next_number(self) -> int:
        self._count += 1
        return self._count
