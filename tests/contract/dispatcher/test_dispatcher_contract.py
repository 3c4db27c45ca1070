import asyncio
import itertools
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from controller.adapters.clock.memory import MemoryClock
from controller.adapters.dispatcher._store import Turn, WakeupStore
from controller.adapters.dispatcher.in_process import InProcessDispatcher
from controller.adapters.dispatcher.memory import MemoryWakeups
from controller.adapters.dispatcher.slowing import Slowing
from controller.adapters.dispatcher.sqlite import SqliteWakeups
from controller.diagnostics.errors import (
    ApprovalPending,
    Bug,
    Stalled,
    StoreUnreachable,
    Throttled,
    Transient,
    Waiting,
)
from controller.model.accounts import Accounts
from controller.ports.dispatcher import Dispatcher, Handler, Wakeup


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[WakeupStore]:
    if request.param == "memory":
        yield MemoryWakeups()
        return
    connection = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    yield SqliteWakeups(connection)
    connection.close()


@pytest.fixture
def clock() -> MemoryClock:
    return MemoryClock(by_hand=True)


@pytest.fixture
def dispatcher(store: WakeupStore, clock: MemoryClock) -> Dispatcher:
    return InProcessDispatcher(store, clock, jitter=lambda: 1.0)


class Recorder:
    """A handler that notes its calls and gives, or raises, what it was told for each key."""

    def __init__(self, clock: MemoryClock) -> None:
        self.calls: list[str] = []
        self.now: set[str] = set()
        self.most = 0
        self.ends: dict[str, asyncio.Event] = {}
        self.answers: dict[str, list[datetime | Exception | None]] = {}
        self._clock = clock

    def hold(self, *keys: str) -> None:
        for key in keys:
            self.ends[key] = asyncio.Event()

    def release(self, key: str) -> None:
        self.ends.pop(key).set()

    async def __call__(self, key: str) -> datetime | None:
        self.calls.append(key)
        self.now.add(key)
        self.most = max(self.most, len(self.now))
        try:
            if key in self.ends:
                await self.ends[key].wait()
        finally:
            self.now.discard(key)
        answer = (self.answers.get(key) or [None]).pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def recorder(clock: MemoryClock) -> Recorder:
    return Recorder(clock)


@asynccontextmanager
async def running(dispatcher: Dispatcher, handler: Handler) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(dispatcher.run(handler))
        await settle()
        try:
            yield
        finally:
            task.cancel()


async def settle() -> None:
    """Let everything run that can run without the clock."""
    for _ in range(30):
        await asyncio.sleep(0)


async def seconds_until_next(dispatcher: Dispatcher, clock: MemoryClock) -> float:
    return ((await dispatcher.pending())[0].due - clock.now()).total_seconds()


async def test_a_key_that_is_woken_is_worked_on_once(dispatcher: Dispatcher, recorder: Recorder):
    await dispatcher.wake("unit:a")
    await dispatcher.wake("unit:a")
    assert not await dispatcher.is_idle()
    async with running(dispatcher, recorder):
        assert recorder.calls == ["unit:a"]
        assert await dispatcher.is_idle()
        await dispatcher.wake("unit:a")
        await settle()
    assert recorder.calls == ["unit:a", "unit:a"]
    assert await dispatcher.pending() == ()


@pytest.mark.parametrize("later", [None, 30])
async def test_who_is_woken_as_the_turn_ends_has_another_one(
    store: WakeupStore,
    dispatcher: Dispatcher,
    recorder: Recorder,
    clock: MemoryClock,
    monkeypatch: pytest.MonkeyPatch,
    later: int | None,
):
    """The turn's end is written down, and its task has still to be seen to end."""
    finish, woken = store.finish, []

    def finish_and_wake(key: str, turn: Turn) -> None:
        finish(key, turn)
        if not woken:
            woken.append(asyncio.get_running_loop().create_task(dispatcher.wake(key)))

    monkeypatch.setattr(store, "finish", finish_and_wake)
    due = None if later is None else clock.now() + timedelta(seconds=later)
    recorder.answers["unit:a"] = [due]
    await dispatcher.wake("unit:a")
    async with running(dispatcher, recorder):
        assert recorder.calls == ["unit:a", "unit:a"]


async def test_the_handlers_answer_is_when_it_is_called_again(
    dispatcher: Dispatcher, recorder: Recorder, clock: MemoryClock
):
    recorder.answers["unit:a"] = [clock.now() + timedelta(seconds=7)]
    await dispatcher.wake("unit:a")
    async with running(dispatcher, recorder):
        assert await dispatcher.is_idle()
        clock.advance(6.9)
        await settle()
        assert recorder.calls == ["unit:a"]
        clock.advance(0.1)
        await settle()
    assert recorder.calls == ["unit:a"] * 2


async def test_a_later_wake_up_does_not_move_a_sooner_one(
    dispatcher: Dispatcher, clock: MemoryClock
):
    soon, late = (clock.now() + timedelta(seconds=seconds) for seconds in (5, 50))
    await dispatcher.wake("unit:a", at=late)
    assert await dispatcher.is_idle()
    await dispatcher.wake("unit:a", at=soon)
    await dispatcher.wake("unit:a", at=late)
    assert await dispatcher.pending() == (Wakeup("unit:a", soon),)


async def test_a_wake_up_during_the_work_leads_to_one_more_turn(
    dispatcher: Dispatcher, recorder: Recorder
):
    recorder.hold("unit:a")
    await dispatcher.wake("unit:a")
    async with running(dispatcher, recorder):
        for _ in range(3):
            await dispatcher.wake("unit:a")
        await settle()
        assert recorder.calls == ["unit:a"]
        recorder.release("unit:a")
        await settle()
    assert recorder.calls == ["unit:a"] * 2
    assert await dispatcher.pending() == ()


async def test_of_the_answer_and_a_wake_up_during_the_work_the_sooner_counts(
    dispatcher: Dispatcher, recorder: Recorder, clock: MemoryClock
):
    due = [clock.now() + timedelta(seconds=seconds) for seconds in (3, 9)]
    recorder.hold("unit:a", "unit:b")
    recorder.answers.update({"unit:a": [due[1]], "unit:b": [due[0]]})
    for key, at in (("unit:a", due[0]), ("unit:b", due[1])):
        await dispatcher.wake(key)
        async with running(dispatcher, recorder):
            await dispatcher.wake(key, at=at)
            recorder.release(key)
            await settle()
    assert [wakeup.due for wakeup in await dispatcher.pending()] == [due[0], due[0]]


async def test_of_a_subject_one_key_is_worked_on_at_a_time_whatever_its_lane(
    store: WakeupStore, clock: MemoryClock, recorder: Recorder
):
    dispatcher = InProcessDispatcher(store, clock, lanes={"unit": 9, "drift": 9})
    recorder.hold("unit:a")
    for key in ("unit:a", "drift:a", "drift:b"):
        await dispatcher.wake(key)
    async with running(dispatcher, recorder):
        assert recorder.calls == ["unit:a", "drift:b"]
        recorder.release("unit:a")
        await settle()
    assert recorder.calls == ["unit:a", "drift:b", "drift:a"]


async def test_looks_go_on_while_applies_fill_their_lane_and_a_unit_fails_for_ever(
    store: WakeupStore, clock: MemoryClock, recorder: Recorder
):
    dispatcher = InProcessDispatcher(store, clock, lanes={"unit": 2}, jitter=lambda: 1.0)
    recorder.hold("unit:long")
    recorder.answers["unit:bad"] = [Transient.because("the provider is broken")] * 99
    await dispatcher.wake("unit:long", priority=5)
    await dispatcher.wake("unit:bad", priority=5)
    every = timedelta(seconds=600)
    looks = {
        key: [clock.now() + n * every for n in range(1, 9)] for key in ("drift:bad", "drift:x")
    }
    recorder.answers.update(looks)
    for key in ("drift:bad", "drift:x", *(f"unit:{n}" for n in range(50))):
        await dispatcher.wake(key)
    async with running(dispatcher, recorder):
        for _ in range(5):
            clock.advance(600)
            await settle()
    assert "unit:long" in recorder.calls
    assert recorder.calls.count("unit:bad") >= 5
    assert [recorder.calls.count(key) for key in ("drift:bad", "drift:x")] == [6, 6]


async def test_a_lane_works_on_no_more_keys_than_its_limit(
    store: WakeupStore, clock: MemoryClock, recorder: Recorder
):
    dispatcher = InProcessDispatcher(store, clock, lanes={"unit": 3})
    units = [f"unit:{number}" for number in range(5)]
    recorder.hold("gate:x", "gate:y", *units)
    for key in (*units, "gate:x", "gate:y"):
        await dispatcher.wake(key)
    async with running(dispatcher, recorder):
        assert sorted(recorder.now) == ["gate:x", "unit:0", "unit:1", "unit:2"]
        recorder.release("unit:1")
        await settle()
        assert sorted(recorder.now) == ["gate:x", "unit:0", "unit:2", "unit:3"]


async def test_a_group_works_on_no_more_keys_than_its_limit(
    store: WakeupStore, clock: MemoryClock, recorder: Recorder
):
    def environment(key: str) -> str | None:
        return key.split("/")[1] if "/" in key else None

    await InProcessDispatcher(store, clock).wake("unit:old/prod")  # before there were groups
    dispatcher = InProcessDispatcher(
        store, clock, lanes={"unit": 99}, group_of=environment, group_limits={"prod": 2}
    )
    keys = ["unit:old/prod", "unit:a/prod", "unit:b/prod", "unit:c/dev", "unit:d/dev", "unit:e"]
    recorder.hold(*keys)
    for key in keys:
        await dispatcher.wake(key)
    async with running(dispatcher, recorder):
        assert sorted(recorder.now) == sorted(set(keys) - {"unit:b/prod"})
        recorder.release("unit:a/prod")
        await settle()
        assert "unit:b/prod" in recorder.now


async def test_the_higher_priority_goes_first_then_the_longer_due_then_the_first_come(
    dispatcher: Dispatcher, recorder: Recorder, clock: MemoryClock
):
    for key in ("unit:late", "unit:first", "unit:second"):
        seconds = 0 if key == "unit:late" else -1
        await dispatcher.wake(key, at=clock.now() + timedelta(seconds=seconds))
    await dispatcher.wake("unit:important", priority=5)
    await dispatcher.wake("unit:raised")
    await dispatcher.wake("unit:raised", priority=9)
    async with running(dispatcher, recorder):
        pass
    assert recorder.calls == [
        f"unit:{name}" for name in ("raised", "important", "first", "second", "late")
    ]


async def test_many_due_keys_keep_their_order_too(
    store: WakeupStore, clock: MemoryClock, recorder: Recorder
):
    dispatcher = InProcessDispatcher(store, clock, lanes={"unit": 2})
    for number in range(300):
        await dispatcher.wake(f"unit:{number}", priority=number % 3)
    async with running(dispatcher, recorder):
        while not await dispatcher.is_idle():  # noqa: ASYNC110 - nothing here rings
            await asyncio.sleep(0)
    wanted = sorted(range(300), key=lambda number: (-(number % 3), number))
    assert recorder.calls == [f"unit:{number}" for number in wanted]


@pytest.mark.parametrize(
    ("error", "pauses"),
    [
        (StoreUnreachable.because("down"), [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]),
        (RuntimeError("who knows"), [1, 2, 4]),
        (asyncio.CancelledError(), [1, 2]),
        (Waiting.because("not yet"), [30, 30]),
        (ApprovalPending.because("ask"), [600, 600]),
        (Stalled.because("mend it"), [600, 600]),
        (Bug.because("ours"), [300, 300]),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
async def test_an_errors_class_says_when_the_key_is_tried_again(
    dispatcher: Dispatcher, clock: MemoryClock, error: BaseException, pauses: list[int]
):
    calls: list[datetime] = []

    async def handler(_key: str) -> None:
        calls.append(clock.now())
        raise error

    await dispatcher.wake("unit:a")
    async with running(dispatcher, handler):
        while len(calls) <= len(pauses):
            clock.advance(min(60.0, await seconds_until_next(dispatcher, clock)))
            await settle()
    assert [(b - a).total_seconds() for a, b in itertools.pairwise(calls)] == pauses


async def test_a_clock_that_is_set_back_holds_nothing_up(
    dispatcher: Dispatcher, clock: MemoryClock
):
    calls = []

    async def handler(_key: str) -> datetime:
        calls.append(_key)
        return clock.now() + timedelta(seconds=10)

    await dispatcher.wake("source:a")
    await dispatcher.wake("unit:later", at=clock.now() + timedelta(minutes=30))
    async with running(dispatcher, handler):
        clock.set_back(86400)
        for _ in range(6):
            clock.advance(10)
            await settle()
        assert calls.count("source:a") >= 4
        assert "unit:later" not in calls
        clock.advance(1800)
        await settle()
        assert "unit:later" in calls


async def test_failures_are_counted_across_a_new_start_and_forgotten_after_a_success(
    store: WakeupStore, clock: MemoryClock, recorder: Recorder
):
    down = Transient.because("down")
    recorder.answers["unit:a"] = [down, down, down, clock.now(), down]
    await InProcessDispatcher(store, clock).wake("unit:a")
    pauses = []
    for _ in range(4):
        dispatcher = InProcessDispatcher(store, clock, jitter=lambda: 1.0)
        async with running(dispatcher, recorder):
            pass
        pauses.append(await seconds_until_next(dispatcher, clock))
        clock.advance(max(0.0, pauses[-1]))
    assert pauses == [1, 2, 4, 1]


async def test_backing_off_is_spread_between_half_and_whole(
    store: WakeupStore, clock: MemoryClock, recorder: Recorder
):
    recorder.answers["unit:a"] = [Transient.because("down")] * 9
    dispatcher = InProcessDispatcher(store, clock, jitter=lambda: 0.0)
    await dispatcher.wake("unit:a")
    pauses = []
    async with running(dispatcher, recorder):
        for _ in range(5):
            pauses.append(await seconds_until_next(dispatcher, clock))
            clock.advance(pauses[-1])
            await settle()
    assert pauses == [1, 1, 2, 4, 8]


async def test_a_wake_up_ends_any_pause(
    dispatcher: Dispatcher, recorder: Recorder, clock: MemoryClock
):
    recorder.answers["unit:a"] = [Stalled.because("mend it"), None]
    await dispatcher.wake("unit:a")
    async with running(dispatcher, recorder):
        assert recorder.calls == ["unit:a"]
        await dispatcher.wake("unit:a")
        await settle()
    assert recorder.calls == ["unit:a"] * 2


async def test_what_is_worked_on_when_the_dispatcher_stops_stays_due(
    store: WakeupStore, clock: MemoryClock, recorder: Recorder
):
    recorder.hold("unit:a")
    dispatcher = InProcessDispatcher(store, clock)
    await dispatcher.wake("unit:a")
    async with running(dispatcher, recorder):
        assert recorder.now == {"unit:a"}
        working = (await dispatcher.pending())[0]
        assert working.working_since == clock.now()
    assert recorder.now == set()
    recorder.release("unit:a")
    async with running(InProcessDispatcher(store, clock), recorder):
        assert recorder.calls == ["unit:a"] * 2


async def test_a_key_can_be_cancelled_in_the_moment_it_is_started(
    dispatcher: Dispatcher, recorder: Recorder
):
    await dispatcher.wake("unit:a")
    async with asyncio.TaskGroup() as group:
        task = group.create_task(dispatcher.run(recorder))
        await asyncio.sleep(0)
        await dispatcher.cancel("unit:a")
        assert recorder.calls == []
        assert await dispatcher.is_idle()
        task.cancel()


async def test_a_cancelled_key_is_forgotten_and_its_work_has_ended(
    dispatcher: Dispatcher, recorder: Recorder
):
    recorder.hold("unit:a")
    await dispatcher.wake("unit:a")
    async with running(dispatcher, recorder):
        await dispatcher.cancel("unit:a")
        assert recorder.now == set()
        assert await dispatcher.pending() == ()
        await dispatcher.cancel("unit:a")
        recorder.release("unit:a")
        await dispatcher.wake("unit:a")
        await settle()
    assert recorder.calls == ["unit:a"] * 2


async def test_a_key_woken_while_its_cancelled_work_winds_down_is_worked_on_after_it(
    dispatcher: Dispatcher,
):
    told: list[str] = []
    wound_down = asyncio.Event()

    async def handler(_key: str) -> datetime | None:
        told.append("begun")
        if len(told) == 1:
            try:
                await asyncio.Event().wait()
            finally:
                await wound_down.wait()
                told.append("ended")
        return None

    await dispatcher.wake("unit:a")
    async with running(dispatcher, handler), asyncio.TaskGroup() as group:
        group.create_task(dispatcher.cancel("unit:a"))
        await settle()
        await dispatcher.wake("unit:a")
        await settle()
        assert told == ["begun"]
        wound_down.set()
        await settle()
        assert told == ["begun", "ended", "begun"]


async def test_a_handler_may_forget_its_own_key(dispatcher: Dispatcher, clock: MemoryClock):
    async def handler(key: str) -> datetime | None:
        await dispatcher.cancel(key)
        return clock.now() + timedelta(seconds=1)

    await dispatcher.wake("unit:a")
    async with running(dispatcher, handler):
        assert await dispatcher.pending() == ()
        assert await dispatcher.is_idle()


async def test_one_handlers_failure_does_not_stop_another(
    dispatcher: Dispatcher, recorder: Recorder
):
    recorder.answers["unit:a"] = [RuntimeError("no")]
    recorder.hold("gate:b")
    await dispatcher.wake("unit:a")
    await dispatcher.wake("gate:b")
    async with running(dispatcher, recorder):
        assert recorder.now == {"gate:b"}


async def test_running_twice_is_a_bug(dispatcher: Dispatcher, recorder: Recorder):
    async with running(dispatcher, recorder):
        with pytest.raises(Bug, match="runs already"):
            await dispatcher.run(recorder)


@pytest.mark.parametrize("key", ["", "unit", "unit:", ":a"])
async def test_what_is_no_key_is_refused(dispatcher: Dispatcher, key: str):
    with pytest.raises(ValueError, match="is no key"):
        await dispatcher.wake(key)


async def test_an_answer_without_time_zone_is_a_failure_of_the_handler(
    dispatcher: Dispatcher, recorder: Recorder, clock: MemoryClock
):
    recorder.answers["unit:a"] = [datetime(2030, 1, 1)]  # noqa: DTZ001
    await dispatcher.wake("unit:a")
    async with running(dispatcher, recorder):
        assert await seconds_until_next(dispatcher, clock) == 1


async def test_a_disk_that_fails_for_a_while_loses_nothing(
    store: WakeupStore, clock: MemoryClock, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
):
    dispatcher = InProcessDispatcher(store, clock)
    await dispatcher.wake("unit:a")
    with monkeypatch.context() as broken:
        broken.setattr(store, "finish", _refuse)
        async with running(dispatcher, recorder):
            assert recorder.calls == ["unit:a"]
            broken.undo()
            clock.advance(5)
            await settle()
            assert await dispatcher.pending() == ()
            assert await dispatcher.is_idle()


def _refuse(*_given: object) -> None:
    raise Transient.because("disk full")


async def test_a_throttled_key_pauses_longer_and_half_of_its_account_waits(
    store: WakeupStore, recorder: Recorder, clock: MemoryClock
):
    accounts = Accounts(of={"a": "one", "b": "one"})
    dispatcher = InProcessDispatcher(
        store, clock, lanes={"unit": 9}, group_of=lambda key: key[5],
        slowing=Slowing(accounts, lambda key: key[5]), jitter=lambda: 1.0,
    )  # fmt: skip
    names = [f"unit:{group}{number}" for group in "ab" for number in range(3)]
    recorder.hold(*names)
    recorder.answers["unit:a0"] = [Throttled.because("slower")]
    await dispatcher.wake_all(names)
    async with running(dispatcher, recorder):
        assert len(recorder.now) == 6
        recorder.release("unit:a0")
        await settle()
        pause = next(w.due for w in await dispatcher.pending() if w.key == "unit:a0") - clock.now()
        assert pause == timedelta(seconds=30)
        await dispatcher.wake_all(["unit:b7", "unit:c1"])
        await settle()
        assert "unit:b7" not in recorder.calls, "five of them work, three may"
        assert "unit:c1" in recorder.calls, "it is of no account"
        for key in ("unit:a1", "unit:a2", "unit:b0"):
            recorder.release(key)
        await settle()
        assert "unit:b7" in recorder.calls
        for key in tuple(recorder.ends):
            recorder.release(key)


async def test_many_keys_are_woken_together_and_once(dispatcher: Dispatcher, recorder: Recorder):
    recorder.hold("unit:a")
    await dispatcher.wake("unit:a")
    async with running(dispatcher, recorder):
        await dispatcher.wake_all(["unit:a", "unit:b", "unit:b", "unit:a"])
        recorder.release("unit:a")
        await settle()
    assert sorted(recorder.calls) == ["unit:a", "unit:a", "unit:b"]


async def test_of_many_keys_none_is_woken_when_one_is_no_key(dispatcher: Dispatcher):
    with pytest.raises(ValueError, match="no key"):
        await dispatcher.wake_all(["unit:a", "unit:"])
    assert await dispatcher.pending() == ()
