"""The dispatcher of one process: asyncio over a small table.

The one process that owns the table needs no leases: what is worked on is known in memory, and a
key stays due in the table until its turn has ended: a killed process leaves what it did due.
"""

import asyncio
import functools
import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from controller.adapters.dispatcher._store import Again, Busy, GroupOf, Planned, Turn, WakeupStore
from controller.adapters.dispatcher.slowing import Slowing
from controller.diagnostics.errors import (
    ApprovalPending,
    Bug,
    Stalled,
    Throttled,
    Transient,
    TrueupError,
    Waiting,
)
from controller.model.accounts import Accounts
from controller.ports.clock import Clock
from controller.ports.dispatcher import Handler, Wakeup

SHORTEST_PAUSE = 1.0
LONGEST_PAUSE = 300.0
"""Seconds between two tries of a key that fails: doubled each time, with jitter."""
FIRST_THROTTLED = 30.0
LONGEST_THROTTLED = 900.0
"""The same for a provider that asks for fewer requests."""
WAITING_PAUSE = 30.0
APPROVAL_PAUSE = 600.0
"""A person's word wakes what waits for it; a plan that is made without one is made for nothing."""
BUG_PAUSE = 300.0
STALLED_PAUSE = 600.0
"""What is stalled is looked at now and then even when nobody wakes it: a wake-up may be missed."""

_STORE_PAUSE = 5.0
_LONGEST_REST = 60.0
"""Seconds after which the clock is looked at anew: it may have been set, or the machine slept."""
_SET_BACK = timedelta(seconds=5)
"""A clock that goes back by less than this is only put right; that much is waited."""

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Work:
    planned: Planned
    since: datetime
    task: asyncio.Task[None] | None = None
    forgotten: bool = False
    ended: asyncio.Event = field(default_factory=asyncio.Event)


def _no_group(_key: str) -> str | None:
    return None


class InProcessDispatcher:
    """Implements `Dispatcher`; all methods are for the thread whose loop runs `run`."""

    def __init__(
        self,
        store: WakeupStore,
        clock: Clock,
        *,
        lanes: Mapping[str, int] | None = None,
        group_of: GroupOf = _no_group,
        group_limits: Mapping[str, int] | None = None,
        slowing: Slowing | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Say how many keys are worked on at a time, by lane and by group.

        A lane that `lanes` does not name works on one. A group that `group_limits`
        does not name has no limit. `slowing` knows which groups share the limits of an account, and
        hears of keys that were throttled. `jitter` gives numbers from 0 to 1.
        """
        self._store = store
        self._clock = clock
        self._lanes = dict(lanes or {})
        self._group_of = group_of
        self._group_limits = {} if group_limits is None else group_limits  # may change at any time
        self._slowing = slowing or Slowing(Accounts(), _no_group)
        self._jitter = jitter
        self._working: dict[str, _Work] = {}
        self._changed = asyncio.Event()
        self._running = False

    def allow(self, lanes: Mapping[str, int]) -> None:
        """Say anew how many keys of each lane are worked on; what is under way goes on."""
        self._lanes = dict(lanes)
        self._changed.set()

    async def wake(self, key: str, *, at: datetime | None = None, priority: int = 0) -> None:
        """Make a key due now, or at `at` when that is sooner than what is planned.

        Raises ValueError for a key that does not read `<lane>:<subject>`, Transient when it cannot
        be written down.
        """
        self._wake([key], self._clock.now() if at is None else _aware(at), priority)

    async def wake_all(self, keys: Iterable[str]) -> None:
        """Make many keys due now, in one transaction.

        Raises ValueError for a key that does not read `<lane>:<subject>`, Transient when they
        cannot be written down.
        """
        self._wake(dict.fromkeys(keys), self._clock.now(), 0)

    def _wake(self, keys: Iterable[str], due: datetime, priority: int) -> None:
        wishes, again = [], []
        for key in keys:
            lane, subject = _parts(key)
            work = self._working.get(key)
            if work is not None and not work.forgotten:
                again.append(Again(key, due, priority))
            else:
                group = self._group_of(key)
                wishes.append(Planned(key, lane, subject, group, due, priority))
        if wishes or again:
            self._store.wake(wishes, again)
        if wishes:
            self._changed.set()

    async def run(self, handler: Handler) -> None:
        """Work until cancelled; then cancel what is worked on and wait until it has ended."""
        if self._running:
            raise Bug.because("the dispatcher runs already", code="dispatcher/runs-already")
        self._running, seen = True, self._clock.now()
        try:
            self._store.regroup(self._group_of)
            async with asyncio.TaskGroup() as group:
                while True:
                    self._changed.clear()
                    try:
                        seen = self._follow_clock(seen)
                        self._start_ready(group, handler)
                        until = self._store.next_due(self._clock.now())
                    except Transient as error:
                        _log.warning("dispatcher store fails", error=str(error))
                        until = self._clock.now() + timedelta(seconds=_STORE_PAUSE)
                    await self._rest(until)
        finally:
            self._running = False

    async def cancel(self, key: str) -> None:
        """Forget a key, cancel the work on it, and wait until that has ended.

        Forgetting what is not there is no error. A handler that cancels its own key goes on to its
        end.
        """
        work = self._working.get(key)
        if work is not None:
            work.forgotten = True
        self._store.forget(key)
        if work is not None and work.task is not None and work.task is not asyncio.current_task():
            work.task.cancel()
            await work.ended.wait()

    async def pending(self) -> tuple[Wakeup, ...]:
        """Tell what is due, planned or worked on, soonest first."""
        found = []
        for planned in self._store.planned():
            work = self._working.get(planned.key)
            found.append(Wakeup(planned.key, planned.due, work.since if work else None))
        return tuple(found)

    async def is_idle(self) -> bool:
        """Tell whether nothing is due and nothing is worked on."""
        return not self._working and not self._store.has_due(self._clock.now())

    def _follow_clock(self, seen: datetime) -> datetime:
        """Plan all sooner when the clock was set back: nothing waits until it was that late again.

        A turn that comes too soon changes nothing.
        """
        now = self._clock.now()
        if seen - now > _SET_BACK:
            _log.warning("the clock was set back", by=str(seen - now))
            self._store.set_back(seen - now)
        return now

    def _start_ready(self, group: asyncio.TaskGroup, handler: Handler) -> None:
        while planned := self._store.next_ready(self._clock.now(), self._busy()):
            work = _Work(planned, self._clock.now())
            self._working[planned.key] = work
            work.task = group.create_task(self._turn(work, handler), name=planned.key)
            work.task.add_done_callback(functools.partial(self._ended, work))

    def _ended(self, work: _Work, _task: asyncio.Task[None]) -> None:
        # A callback, for a task that is cancelled before its first step runs no `finally`.
        self._leave(work)
        work.ended.set()
        self._changed.set()

    def _leave(self, work: _Work) -> None:
        if self._working.get(work.planned.key) is work:
            del self._working[work.planned.key]

    def _busy(self) -> Busy:
        lanes = Counter(work.planned.lane for work in self._working.values())
        groups = self._groups()
        closed = {lane for lane, limit in self._lanes.items() if limit <= 0}
        return Busy(
            subjects={work.planned.subject for work in self._working.values()},
            lanes=closed | {lane for lane, n in lanes.items() if n >= self._lanes.get(lane, 1)},
            groups={name for name, limit in self._group_limits.items() if groups[name] >= limit}
            | self._slowing.closed(groups, self._clock.now()),
        )

    def _groups(self) -> Counter[str | None]:
        return Counter(work.planned.group for work in self._working.values())

    async def _rest(self, until: datetime | None) -> None:
        """Wait until something has changed, or the time has come."""
        if until is None:
            await self._changed.wait()
            return
        seconds = min((until - self._clock.now()).total_seconds(), _LONGEST_REST)
        async with asyncio.TaskGroup() as group:
            alarm = group.create_task(self._ring_after(seconds))
            await self._changed.wait()
            alarm.cancel()

    async def _ring_after(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._changed.set()

    async def _turn(self, work: _Work, handler: Handler) -> None:
        """Call the handler and write down how it ended; a cancelled turn leaves its key due."""
        turn = await self._outcome(work.planned, handler)
        while not work.forgotten:
            try:
                self._store.finish(work.planned.key, turn)
            except Transient as error:
                _log.warning("dispatcher store fails", key=work.planned.key, error=str(error))
                await self._clock.sleep(_STORE_PAUSE)
            else:
                self._leave(
                    work
                )  # at once: who wakes it from now on means the turn that is planned
                return

    async def _outcome(self, planned: Planned, handler: Handler) -> Turn:
        try:
            again = await handler(planned.key)
            return Turn(None if again is None else _aware(again))
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            return self._after(planned, error)  # the handler's own: something in it was cancelled
        except Exception as error:  # noqa: BLE001 - whatever a handler raises, the rest goes on
            return self._after(planned, error)

    def _after(self, planned: Planned, error: BaseException) -> Turn:
        """Plan the next turn after a failure, as the error's class tells."""
        match error:
            case ApprovalPending():
                pause, attempts = APPROVAL_PAUSE, 0
            case Waiting():
                pause, attempts = WAITING_PAUSE, 0
            case Stalled():
                pause, attempts = STALLED_PAUSE, 0
            case Bug():
                pause, attempts = BUG_PAUSE, planned.attempts + 1
            case Throttled():
                self._slowing.throttled(planned.key, self._groups(), self._clock.now())
                pause = self._backoff(planned.attempts, FIRST_THROTTLED, LONGEST_THROTTLED)
                attempts = planned.attempts + 1
            case _:
                pause, attempts = self._backoff(planned.attempts), planned.attempts + 1
        if isinstance(error, Bug) or not isinstance(error, TrueupError):
            _log.error("a handler failed", key=planned.key, attempts=attempts, exc_info=error)
        else:
            _log.info("a key waits", key=planned.key, reason=error.reason, message=str(error))
        due = self._clock.now() + timedelta(seconds=pause)
        return Turn(due, attempts, planned.priority)

    def _backoff(
        self, attempts: int, shortest: float = SHORTEST_PAUSE, most: float = LONGEST_PAUSE
    ) -> float:
        longest = min(most, shortest * 2.0 ** min(attempts, 32))
        return max(shortest, longest * (0.5 + 0.5 * self._jitter()))


def _parts(key: str) -> tuple[str, str]:
    lane, colon, subject = key.partition(":")
    if not (lane and colon and subject):
        raise ValueError(f"`{key}` is no key: expected `<lane>:<subject>`")
    return lane, subject


def _aware(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError(f"`{instant}` has no time zone")
    return instant
