"""The process that runs a Locust file: told by `order.json` in its folder, answers in JSON lines.

`python -P -m controller.adapters.load_generator.locust_runner FOLDER`. In `lines.jsonl`: `progress`
each second, then one `result`; or `refused` with the reason when the script cannot be used. The
lock on `lock` is held as long as the process lives: a second one for the same folder ends at once,
so that no load is made twice. Nothing of this may be imported by the controller's own process:
importing locust patches the interpreter.
"""

import ctypes
import fcntl
import json
import os
import signal
import sys
import time
import traceback
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO, cast

from controller.adapters.load_generator.arrivals import Arrivals

PR_SET_PDEATHSIG = 1
ALREADY_RUNS = 75
LAG_STEP = 0.01
DRAIN = 5.0
"""Seconds that users get at the end for the answer they wait for; then it counts as a failure."""

Say = Callable[[dict[str, Any]], None]


class ScriptRefusedError(Exception):
    """The script cannot be used; the text says why, for its author."""


def die_with(parent: int) -> None:
    """Have the kernel end this process when its parent is gone."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit("the parent is gone")


def hold(folder: Path) -> TextIO:
    """Take the lock of the folder until the process ends; ends it when another has the lock."""
    lock = (folder / "lock").open("w", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        sys.exit(ALREADY_RUNS)
    return lock


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
    """One run in this process."""

    def __init__(self, order: dict[str, Any], say: Say) -> None:
        import gevent
        import gevent.event
        import psutil
        from locust.env import Environment

        from controller.adapters.load_generator.recording import Recorder

        self._gevent = gevent
        self._order = order
        self._say = say
        self._interval = order["users"] / order["rate"]
        self._arrivals: Arrivals | None = None
        self._due: dict[int, float] = {}
        self._ends = gevent.event.Event()
        self._ended_early = self._invalid = ""
        self._bad_seconds: deque[bool] = deque(maxlen=max(1, round(order["abort_seconds"])))
        self._recorder = Recorder(self._interval)
        self._process = psutil.Process()
        self._lags: list[float] = []
        self._series: list[tuple[float, float, float, float]] = []
        self._last_end: dict[int, float] = {}
        classes = choose(load_users(order["script"]), order["mix"])
        for user_class in classes:
            user_class.host = order["target"]
            if order["is_open"]:
                self._open(user_class)
        self._environment = Environment(user_classes=classes, host=order["target"])
        self._runner = self._environment.create_local_runner()
        self._names = share_out(classes, order["users"])
        self._users: list[Any] = []
        self._events = cast("Any", self._environment.events)
        self._events.request.add_listener(self._on_request)
        self._events.user_error.add_listener(self._on_user_error)

    def run(self) -> dict[str, Any]:
        """Spawn, warm up, measure, drain; gives the result's content."""
        start = time.perf_counter()
        if self._order["is_open"]:
            stages = self._order["stages"] or [(self._order["rate"], self._order["steady"])]
            self._arrivals = Arrivals(start, self._order["warm_up"], stages)
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
            **self._recorder.result(),
            "started_at": started_at,
            "seconds": wall,
            "clock_jump": jump,
            "cpu": cpu / wall,
            "lag_p95": lags[int(len(lags) * 0.95)],
            "lag_max": lags[-1],
            "series": self._series,
            "ended_early": self._ended_early,
            "invalid": self._invalid,
        }

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

        pause = min(self._interval, self._order["warm_up"] or self._interval) / len(self._names)
        start = time.perf_counter()
        for number, name in enumerate(self._names):
            try:
                self._users += self._runner.spawn_users({name: 1})
            except StopTest as refusal:
                raise ScriptRefusedError(f"the script stopped the test: {refusal}") from refusal
            except Exception as error:
                raise ScriptRefusedError(
                    f"a user of class {name} cannot be made: {type(error).__name__}: {error}"
                ) from error
            self._sleep_until(start + pause * (number + 1))

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
            requests, failures, (p50, p95, p99) = self._recorder.take_second()
            self._series.append((float(second), float(requests), float(failures), p95))
            self._look_for_an_end(requests, failures)
            self._say(
                {
                    "kind": "progress",
                    "seconds": time.perf_counter() - start,
                    "rate": requests,
                    "p50": p50,
                    "p95": p95,
                    "p99": p99,
                    "failures": self._recorder.failures,
                }
            )

    def _look_for_an_end(self, requests: int, failures: int) -> None:
        """End the run when too much fails for too long, or its budget is used up."""
        limit, most = self._order["abort_error_rate"], self._order["most_requests"]
        self._bad_seconds.append(limit is not None and requests > 0 and failures / requests > limit)
        is_long = len(self._bad_seconds) == self._bad_seconds.maxlen
        if limit is not None and is_long and all(self._bad_seconds):
            seconds = self._order["abort_seconds"]
            self._ended_early = f"errorRate was above {limit:.3g} for {seconds:g} s"
            self._ends.set()
        if most is not None and self._recorder.requests >= most:
            self._invalid = f"the budget of {most} requests was used up before the end"
            self._ends.set()

    def _sleep_until(self, moment: float) -> None:
        self._gevent.sleep(max(0.0, moment - time.perf_counter()))

    def _cpu(self) -> float:
        used = self._process.cpu_times()
        return float(used.user + used.system)


def main(folder: Path) -> int:
    """Read the order, run it, and write the lines."""
    os.chdir(folder)
    lock = hold(folder)
    order = json.loads((folder / "order.json").read_text(encoding="utf-8"))
    if order["parent"]:
        die_with(order["parent"])
    os.dup2(2, 1)  # what the script prints is no line of ours
    lines = (folder / "lines.jsonl").open("w", encoding="utf-8", buffering=1)

    def say(line: dict[str, Any]) -> None:
        lines.write(json.dumps(line) + "\n")

    say({"kind": "started", "pid": os.getpid(), "at": time.time()})
    import locust  # it patches the interpreter: before anything that uses the network

    try:
        result = LoadRun(order, say).run()
    except ScriptRefusedError as refusal:
        say({"kind": "refused", "reason": str(refusal)})
        return 1
    say({"kind": "result", "locust": locust.__version__, **result})
    os.fsync(lines.fileno())
    lock.flush()
    return 0


if __name__ == "__main__":
    code = main(Path(sys.argv[1]))
    sys.stderr.flush()
    if os.getpgrp() == os.getpid():  # what the script started ends with us
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.killpg(0, signal.SIGTERM)
    os._exit(code)  # the script's stray greenlets and threads do not hold us up
