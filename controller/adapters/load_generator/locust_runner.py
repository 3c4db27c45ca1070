"""The process that runs a Locust file: told by one JSON line on stdin, answers in JSON lines.

`python -P -m controller.adapters.load_generator.locust_runner`. Lines on stdout: `progress` each
second, then one `result`; or `refused` with the reason when the script cannot be used. Nothing of
this may be imported by the controller's own process: importing locust patches the interpreter.
"""

import ctypes
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any, TextIO, cast

PR_SET_PDEATHSIG = 1
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


def private_stdout() -> TextIO:
    """Keep stdout for our lines; what the script prints goes to stderr."""
    ours = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)
    return ours


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
        import psutil
        from locust.env import Environment

        from controller.adapters.load_generator.recording import Recorder

        self._gevent = gevent
        self._order = order
        self._say = say
        self._interval = order["users"] / order["rate"]
        self._recorder = Recorder(self._interval)
        self._process = psutil.Process()
        self._lags: list[float] = []
        self._series: list[tuple[float, float, float, float]] = []
        self._last_end: dict[int, float] = {}
        classes = load_users(order["script"])
        for user_class in classes:
            user_class.host = order["target"]
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
        helpers = [self._gevent.spawn(self._watch_lag), self._gevent.spawn(self._tell, start)]
        self._events.test_start.fire(environment=self._environment)
        self._spawn()
        opens = start + self._order["warm_up"]
        closes = opens + self._order["steady"]
        self._recorder.open_window(opens, closes)
        self._sleep_until(opens)
        started_at, wall, cpu = time.time(), time.perf_counter(), self._cpu()
        self._lags.clear()
        self._sleep_until(closes)
        wall, cpu = time.perf_counter() - wall, self._cpu() - cpu
        jump = time.time() - started_at - wall
        lags = sorted(self._lags) or [0.0]
        self._drain(opens)
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
        }

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
                self._recorder.request("(no answer)", max(since, opens), now, text)
        self._runner.user_greenlets.kill(block=False)

    def _on_request(self, **seen: Any) -> None:
        end = time.perf_counter()
        self._last_end[id(self._gevent.getcurrent())] = end
        latency = (seen.get("response_time") or 0.0) / 1000
        error = seen.get("exception")
        text = None if error is None else f"{seen['name']}: {error}"
        self._recorder.request(f"{seen['request_type']} {seen['name']}", end - latency, end, text)

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
            requests, failures, p95 = self._recorder.take_second()
            self._series.append((float(second), float(requests), float(failures), p95))
            self._say(
                {
                    "kind": "progress",
                    "seconds": time.perf_counter() - start,
                    "rate": requests,
                    "p95": p95,
                    "failures": self._recorder.failures,
                }
            )

    def _sleep_until(self, moment: float) -> None:
        self._gevent.sleep(max(0.0, moment - time.perf_counter()))

    def _cpu(self) -> float:
        used = self._process.cpu_times()
        return float(used.user + used.system)


def main() -> int:
    """Read the order from stdin, run it, and write the lines."""
    out = private_stdout()
    order = json.loads(sys.stdin.readline())
    die_with(order["parent"])

    def say(line: dict[str, Any]) -> None:
        out.write(json.dumps(line) + "\n")

    import locust  # it patches the interpreter: before anything that uses the network

    try:
        result = LoadRun(order, say).run()
    except ScriptRefusedError as refusal:
        say({"kind": "refused", "reason": str(refusal)})
        return 1
    say({"kind": "result", "locust": locust.__version__, **result})
    return 0


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    if os.getpgrp() == os.getpid():  # what the script started ends with us
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.killpg(0, signal.SIGTERM)
    os._exit(code)  # the script's stray greenlets and threads do not hold us up
