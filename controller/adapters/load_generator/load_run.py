"""The users of a load test, or a share of them, in this process; used by the runner and by workers.

Nothing of this may be imported by the controller's own process: locust patches the interpreter.
"""

import os
import stat
from collections.abc import Callable, Sequence
from contextlib import suppress
from math import isfinite
from time import perf_counter, time
from typing import Any

from controller.adapters.load_generator.arrivals import Arrivals
from controller.adapters.load_generator.lateness import Lateness
from controller.adapters.load_generator.machine import busy_share, machine_times
from controller.adapters.load_generator.recording import Recorder
from controller.adapters.load_generator.script import (
    Judgement,
    ScriptRefusedError,
    choose,
    load_users,
    pace,
    read_options,
    share_out,
    task_sets,
)

LOOK_EVERY = 0.01
MOST_COMPLAINTS = 16 * 2**20
"""Bytes of what a script prints; then that begins anew."""
DRAIN = 5.0
"""Seconds that users get at the end for the answer they wait for; then it counts as a failure."""

Tell = Callable[[int, Sequence[float], int, int], None]
"""Once a second: which one, its latencies in milliseconds, its failures, and those so far."""


class LoadRun:
    """One run in this process, of the share of all users that the order says."""

    def __init__(self, order: dict[str, Any], tell: Tell, environment: Any) -> None:
        """Take a Locust environment that has a runner; raises ScriptRefusedError."""
        import gevent
        import gevent.event
        import psutil

        self._gevent = gevent
        self._order = order
        self._tell_second = tell
        self._place, self._of = order["share"]
        self._interval = order["users"] / order["rate"]
        self._arrivals: Arrivals | None = None
        self._due: dict[int, float] = {}
        self._ends = gevent.event.Event()
        self._recorder = Recorder(self._interval)
        self._process = psutil.Process()
        self._last_end: dict[int, float] = {}
        self._users: list[Any] = []
        self._of_users: set[int] = set()
        self._environment, self._runner = environment, environment.runner
        self._events = environment.events
        # Before the script's own listeners: one that raises would hide the request from us.
        self._events.request.add_listener(self._on_request)
        self._events.user_error.add_listener(self._on_user_error)
        classes = choose(load_users(order["script"]), order["mix"])
        environment.user_classes, environment.host = classes, order["target"]
        environment.parsed_options = read_options(classes, order["target"])
        pace(classes, order["rate"] / order["users"])
        for user_class in classes:
            user_class.host = order["target"]
            if order["is_open"]:
                self._open(user_class)
        if order["is_open"]:
            for tasks in task_sets(classes):
                tasks.wait_time = lambda _tasks: self._next_arrival()
        self._names = share_out(classes, order["users"])[self._place :: self._of]
        self._judgement = Judgement(environment, self.end)
        self._events.init.fire(environment=environment, runner=self._runner, web_ui=None)

    def run(self) -> dict[str, Any]:
        """Spawn, warm up, measure, drain; gives what was recorded, and how well."""
        start = perf_counter()
        if self._order["is_open"]:
            stages = self._order["stages"] or [(self._order["rate"], self._order["steady"])]
            self._arrivals = Arrivals(
                start, self._order["warm_up"], stages, place=self._place, of=self._of
            )
        opens = start + self._order["warm_up"]
        closes = opens + self._order["steady"]
        lateness = Lateness(opens, closes)
        helpers = [
            self._gevent.spawn(lateness.watch, self._gevent.sleep),
            self._gevent.spawn(self._tell, start),
        ]
        self._events.test_start.fire(environment=self._environment)
        self._recorder.open_window(opens, closes)
        self._spawn()
        self._sleep_until(opens)
        began, started_at, cpu, machine = perf_counter(), time(), self._cpu(), machine_times()
        self._ends.wait(max(0.0, closes - perf_counter()))
        wall, cpu = perf_counter() - began, self._cpu() - cpu
        busy = busy_share(machine, machine_times(), wall)
        jump = time() - started_at - wall
        self._drain(opens)
        if self._arrivals is not None:
            now = perf_counter()
            self._recorder.nobody_was_free(self._arrivals.left(min(now, closes)), now)
        self._gevent.killall(helpers)
        self._events.test_stop.fire(environment=self._environment)
        self._events.quitting.fire(environment=self._environment)
        return {
            "recorder": self._recorder,
            "wanted": self._wanted(),
            "started_at": started_at - (began - opens),
            "seconds": began - opens + wall,
            "clock_jump": jump,
            "cpu": cpu / wall,
            **lateness.result(),
            **busy,
            "script_says": self._judgement.why_invalid(),
        }

    def end(self) -> None:
        """End the run before its time."""
        self._ends.set()

    def _wanted(self) -> float:
        """Give the requests a second that are this process's share."""
        order = self._order
        share = 1 / self._of if order["is_open"] else len(self._names) / order["users"]
        return float(order["rate"] * share)

    def _open(self, user_class: Any) -> None:
        """Have users of a class wait for the next arrival, where the script has its own pace."""
        begin = user_class.on_start

        def on_start(user: Any) -> None:
            begin(user)
            self._gevent.sleep(self._next_arrival())

        user_class.on_start, user_class.wait_time = on_start, self._next_arrival

    def _next_arrival(self) -> float:
        from locust.exception import StopUser

        while self._arrivals is None:
            self._gevent.sleep(LOOK_EVERY)
        due = self._arrivals.take()
        if due is None:
            raise StopUser
        self._due[self._whose()] = due
        return max(0.0, due - perf_counter())

    def _spawn(self) -> None:
        """Start the users one after the other within an interval: they shall not march in step."""
        from locust.exception import StopTest

        pause = min(self._interval, self._order["warm_up"] or self._interval) / self._order["users"]
        start = perf_counter()
        for number, name in enumerate(self._names):
            self._sleep_until(start + pause * (self._place + self._of * number))
            try:
                made = self._runner.spawn_users({name: 1})
            except StopTest as refusal:
                raise ScriptRefusedError(f"the script stopped the test: {refusal}") from refusal
            except Exception as error:  # a script may raise whatever it likes
                raise ScriptRefusedError(
                    f"a user of class {name} cannot be made: {type(error).__name__}: {error}"
                ) from error
            self._users += made
            self._of_users |= {id(user.greenlet) for user in made}

    def _drain(self, opens: float) -> None:
        """Wait for the answers under way; who still waits then has met a failure."""
        closes = perf_counter()
        waiting = [
            (user.greenlet, self._last_end.get(id(user.greenlet), opens))
            for user in self._users
            if not user.greenlet.dead and not user.stop()
        ]
        self._gevent.joinall([greenlet for greenlet, _ in waiting], timeout=DRAIN)
        now = perf_counter()
        for greenlet, since in waiting:
            if not greenlet.dead and self._last_end.get(id(greenlet), opens) == since:
                text = f"no answer within {now - closes:.0f} s after the end of the test"
                if self._arrivals is None:
                    self._recorder.request("(no answer)", max(since, opens), now, text)
                    continue
                due = max(self._due.get(id(greenlet), since), opens)
                self._recorder.arrival("(no answer)", due, due, now, text)
        self._runner.user_greenlets.kill(block=False)

    def _on_request(self, **seen: Any) -> None:
        end, whose = perf_counter(), self._whose()
        self._last_end[whose] = end
        told = seen.get("response_time")
        if not isinstance(told, int | float) or not isfinite(told) or told < 0:
            self._recorder.task_error(f"`{seen['name']}` took {told!r} ms, it says")
            return
        latency = told / 1000
        error = seen.get("exception")
        text = None if error is None else f"{seen['name']}: {error}"
        name = f"{seen['request_type']} {seen['name']}"
        if self._arrivals is None:
            self._recorder.request(name, end - latency, end, text)
            return
        # The first request of a task began when the task was due; the next ones when they began.
        due = self._due.pop(whose, end - latency)
        self._recorder.arrival(name, min(due, end - latency), end - latency, end, text)

    def _whose(self) -> int:
        """Tell which user's greenlet this is, or has made this one."""
        found = current = self._gevent.getcurrent()
        while found is not None and id(found) not in self._of_users:
            made_by = getattr(found, "spawning_greenlet", None)
            found = made_by() if made_by is not None else None
        return id(current if found is None else found)

    def _on_user_error(self, **seen: Any) -> None:
        self._recorder.task_error(f"{type(seen['exception']).__name__}: {seen['exception']}")

    def _tell(self, start: float) -> None:
        second = 0
        while True:
            second += 1
            self._sleep_until(start + second)
            _shorten(2)
            latencies, failures = self._recorder.take_second()
            self._tell_second(second, latencies, failures, self._recorder.failures)

    def _sleep_until(self, moment: float) -> None:
        self._gevent.sleep(max(0.0, moment - perf_counter()))

    def _cpu(self) -> float:
        used = self._process.cpu_times()
        return float(used.user + used.system)


def _shorten(printed: int) -> None:
    """Begin a file anew that a script has printed too much to."""
    told = os.fstat(printed)
    if stat.S_ISREG(told.st_mode) and told.st_size > MOST_COMPLAINTS:
        with suppress(OSError):
            os.ftruncate(printed, 0)
