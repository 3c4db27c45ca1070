"""The users of a load test, or a share of them, in this process; used by the runner and by workers.

Nothing of this may be imported by the controller's own process: locust patches the interpreter.
"""

import time
import traceback
from collections.abc import Callable, Sequence
from typing import Any, cast

from controller.adapters.load_generator.arrivals import Arrivals

LAG_STEP = 0.01
DRAIN = 5.0
"""Seconds that users get at the end for the answer they wait for; then it counts as a failure."""

Tell = Callable[[int, Sequence[float], int, int], None]
"""Once a second: which one, its latencies in milliseconds, its failures, and those so far."""


class ScriptRefusedError(Exception):
    """The script cannot be used; the text says why, for its author."""


def choose(classes: list[Any], mix: dict[str, float]) -> list[Any]:
    """Take the classes of a mix, with its weights; all of them without one."""
    if not mix:
        return classes
    names = {c.__name__ for c in classes}
    if unknown := sorted(set(mix) - names):
        raise ScriptRefusedError(
            f"`mix` names {', '.join(unknown)}; the script has {', '.join(sorted(names))}"
        )
    chosen = [c for c in classes if mix.get(c.__name__, 0) > 0]
    for user_class in chosen:
        user_class.weight, user_class.fixed_count = mix[user_class.__name__], 0
    return chosen


def load_users(path: str) -> list[Any]:
    """Import the script and give its user classes; raises ScriptRefusedError."""
    from locust.util.load_locustfile import load_locustfile

    try:
        classes, _ = load_locustfile(path)
    except (Exception, SystemExit) as error:
        lines = traceback.format_exc(limit=-3).strip().splitlines()
        text = "\n".join(lines[-12:])
        raise ScriptRefusedError(f"the script cannot be imported:\n{text}") from error
    if not classes:
        raise ScriptRefusedError(
            "the script has no user class (a subclass of FastHttpUser or User)"
        )
    return list(classes.values())


def share_out(classes: list[Any], users: int) -> list[str]:
    """Say of which class each user is: fixed counts first, then by weight, evenly mixed."""
    names = [c.__name__ for c in classes for _ in range(c.fixed_count)][:users]
    weighted = [c for c in classes if not c.fixed_count and c.weight > 0]
    given = dict.fromkeys((c.__name__ for c in weighted), 0)
    while len(names) < users and weighted:
        least = min(weighted, key=lambda c: (given[c.__name__] + 1) / c.weight)
        given[least.__name__] += 1
        names.append(least.__name__)
    return names


class LoadRun:
    """One run in this process, of the share of all users that the order says."""

    def __init__(self, order: dict[str, Any], tell: Tell, environment: Any = None) -> None:
        """Take a Locust environment that has a runner, or make one."""
        import gevent
        import gevent.event
        import psutil
        from locust.env import Environment

        from controller.adapters.load_generator.recording import Recorder

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
        self._lags: list[float] = []
        self._last_end: dict[int, float] = {}
        classes = choose(load_users(order["script"]), order["mix"])
        for user_class in classes:
            user_class.host = order["target"]
            if order["is_open"]:
                self._open(user_class)
        self._environment = environment or Environment()
        self._environment.user_classes, self._environment.host = classes, order["target"]
        self._runner = self._environment.runner or self._environment.create_local_runner()
        self._names = share_out(classes, order["users"])[self._place :: self._of]
        self._users: list[Any] = []
        self._events = cast("Any", self._environment.events)
        self._events.request.add_listener(self._on_request)
        self._events.user_error.add_listener(self._on_user_error)

    def run(self) -> dict[str, Any]:
        """Spawn, warm up, measure, drain; gives what was recorded, and how well."""
        start = time.perf_counter()
        if self._order["is_open"]:
            stages = self._order["stages"] or [(self._order["rate"], self._order["steady"])]
            self._arrivals = Arrivals(
                start, self._order["warm_up"], stages, place=self._place, of=self._of
            )
        helpers = [self._gevent.spawn(self._watch_lag), self._gevent.spawn(self._tell, start)]
        self._events.test_start.fire(environment=self._environment)
        opens = start + self._order["warm_up"]
        closes = opens + self._order["steady"]
        self._recorder.open_window(opens, closes)
        self._spawn()
        self._sleep_until(opens)
        started_at, wall, cpu = time.time(), time.perf_counter(), self._cpu()
        self._lags.clear()
        self._ends.wait(max(0.0, closes - time.perf_counter()))
        wall, cpu = time.perf_counter() - wall, self._cpu() - cpu
        jump = time.time() - started_at - wall
        lags = sorted(self._lags) or [0.0]
        self._drain(opens)
        if self._arrivals is not None:
            now = time.perf_counter()
            self._recorder.nobody_was_free(self._arrivals.left(min(now, closes)), now)
        self._gevent.killall(helpers)
        self._events.test_stop.fire(environment=self._environment)
        return {
            "recorder": self._recorder,
            "wanted": self._wanted(),
            "started_at": started_at,
            "seconds": wall,
            "clock_jump": jump,
            "cpu": cpu / wall,
            "lag_p95": lags[int(len(lags) * 0.95)],
            "lag_max": lags[-1],
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
            self._gevent.sleep(LAG_STEP)
        due = self._arrivals.take()
        if due is None:
            raise StopUser
        self._due[id(self._gevent.getcurrent())] = due
        return max(0.0, due - time.perf_counter())

    def _spawn(self) -> None:
        """Start the users one after the other within an interval: they shall not march in step."""
        from locust.exception import StopTest

        pause = min(self._interval, self._order["warm_up"] or self._interval) / self._order["users"]
        start = time.perf_counter()
        for number, name in enumerate(self._names):
            self._sleep_until(start + pause * (self._place + self._of * number))
            try:
                self._users += self._runner.spawn_users({name: 1})
            except StopTest as refusal:
                raise ScriptRefusedError(f"the script stopped the test: {refusal}") from refusal
            except Exception as error:  # a script may raise whatever it likes
                raise ScriptRefusedError(
                    f"a user of class {name} cannot be made: {type(error).__name__}: {error}"
                ) from error

    def _drain(self, opens: float) -> None:
        """Wait for the answers under way; who still waits then has met a failure."""
        closes = time.perf_counter()
        waiting = [
            (user.greenlet, self._last_end.get(id(user.greenlet), opens))
            for user in self._users
            if not user.greenlet.dead and not user.stop()
        ]
        self._gevent.joinall([greenlet for greenlet, _ in waiting], timeout=DRAIN)
        now = time.perf_counter()
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
        end = time.perf_counter()
        self._last_end[id(self._gevent.getcurrent())] = end
        latency = (seen.get("response_time") or 0.0) / 1000
        error = seen.get("exception")
        text = None if error is None else f"{seen['name']}: {error}"
        name = f"{seen['request_type']} {seen['name']}"
        if self._arrivals is None:
            self._recorder.request(name, end - latency, end, text)
            return
        # The first request of a task began when the task was due; the next ones when they began.
        due = self._due.pop(id(self._gevent.getcurrent()), end - latency)
        self._recorder.arrival(name, min(due, end - latency), end - latency, end, text)

    def _on_user_error(self, **seen: Any) -> None:
        self._recorder.task_error(f"{type(seen['exception']).__name__}: {seen['exception']}")

    def _watch_lag(self) -> None:
        while True:
            before = time.perf_counter()
            self._gevent.sleep(LAG_STEP)
            self._lags.append(max(0.0, time.perf_counter() - before - LAG_STEP) * 1000)

    def _tell(self, start: float) -> None:
        second = 0
        while True:
            second += 1
            self._sleep_until(start + second)
            latencies, failures = self._recorder.take_second()
            self._tell_second(second, latencies, failures, self._recorder.failures)

    def _sleep_until(self, moment: float) -> None:
        self._gevent.sleep(max(0.0, moment - time.perf_counter()))

    def _cpu(self) -> float:
        used = self._process.cpu_times()
        return float(used.user + used.system)
