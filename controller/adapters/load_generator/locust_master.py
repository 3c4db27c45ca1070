"""The master of a run whose load workers make: here as processes of ours, or on other machines.

Locust's own master and worker carry the messages. What is measured comes in messages of ours:
Locust rounds latencies and knows no omitted requests; here histograms are added bucket by bucket. A
worker that never comes, or that is lost, makes the run invalid: the load was not the wanted one.
"""

import os
import sys
import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller.adapters.load_generator.detached import Detached
from controller.adapters.load_generator.load_run import DRAIN, ScriptRefusedError
from controller.adapters.load_generator.messages import (
    END,
    GO,
    HELLO,
    LOST_AFTER,
    ORDER,
    OVER,
    READY,
    REFUSED,
    RESULT,
    SECOND,
    WORKER,
    is_ours,
)
from controller.adapters.load_generator.recording import Recorder
from controller.adapters.load_generator.run_folder import SHOWN
from controller.adapters.load_generator.seconds import Say, Seconds

DELAY = 1.0
"""Seconds from the word to begin until all begin: each has heard it by then."""
LOOK_EVERY = 0.05


@dataclass
class _Known:
    """A worker that said hello."""

    place: int
    who: dict[str, Any]
    heard: float
    is_ready: bool = False
    result: dict[str, Any] | None = None


def run_with_workers(order: dict[str, Any], folder: Path, say: Say) -> dict[str, Any]:
    """Make a run; raises ScriptRefusedError where a worker cannot use the script."""
    master = _Master(order, folder, say)
    try:
        return master.run()
    finally:
        master.close()


class _Master:
    def __init__(self, order: dict[str, Any], folder: Path, say: Say) -> None:
        import gevent
        import locust
        from locust.env import Environment

        self._gevent, self._version = gevent, locust.__version__
        self._order, self._folder = order, folder
        self._token = (folder / SHOWN).read_text(encoding="utf-8").strip()
        self._known: dict[str, _Known] = {}
        self._processes: list[Detached] = []
        self._refused = self._lost = ""
        self._is_under_way = False
        self._seconds = Seconds(order, say, self._end_all)
        meeting = order["meeting"]
        self._runner = Environment().create_master_runner(meeting["host"], meeting["port"])
        hears: dict[str, Callable[[_Known, dict[str, Any]], None]] = {
            READY: self._on_ready, REFUSED: self._on_refused,
            SECOND: self._on_second, RESULT: self._on_result,
        }  # fmt: skip
        self._runner.register_message(HELLO, self._on_hello)
        for name, hear in hears.items():
            self._runner.register_message(name, self._from_known(hear))

    def run(self) -> dict[str, Any]:
        """Meet the workers, have them make the load, and add up what they measured."""
        order, number = self._order, self._order["workers"]
        if not order["meeting"]["is_elsewhere"]:
            self._start_workers(number)
        patience = order["meeting"]["patience"]
        if not self._wait(lambda: len(self._known) == number, patience):
            come = f"only {len(self._known)} of {number} workers came within {patience:g} s"
            return self._added_up(time.time(), self._lost or come)
        for name, worker in self._known.items():
            self._say(name, ORDER, {"order": self._share(worker.place)})
        if not self._wait(lambda: all(w.is_ready for w in self._known.values()), patience):
            slow = f"a worker was not ready within {patience:g} s"
            return self._added_up(time.time(), self._lost or slow)
        for name, worker in self._known.items():
            worker.heard = time.monotonic()
            self._say(name, GO, {"delay": DELAY})
        self._is_under_way = True
        began_at = time.time() + DELAY + order["warm_up"]
        longest = DELAY + order["warm_up"] + order["steady"] + DRAIN + LOST_AFTER
        if not self._wait(self._all_told, longest):
            return self._added_up(began_at, self._lost or "a worker told no result")
        return self._added_up(began_at, "")

    def close(self) -> None:
        """Have all workers end."""
        self._tell_all(OVER)
        self._runner.quit()

    def _start_workers(self, number: int) -> None:
        argv = (
            sys.executable, "-P", "-m", WORKER, "127.0.0.1", str(self._runner.server.port),
            str(self._folder / SHOWN), str(os.getpid()), "here",
        )  # fmt: skip
        for place in range(number):
            output = self._folder / f"worker-{place}.txt"
            self._processes.append(
                Detached(argv, self._order["environment"], output, own_group=False)
            )

    def _share(self, place: int) -> dict[str, Any]:
        order = {**self._order, "share": (place, self._order["workers"])}
        if not order["meeting"]["is_elsewhere"]:
            return order
        script = Path(order["script"])
        files = [script, *(self._folder / name for name in order["data"])]
        order["files"] = {
            str(path.relative_to(self._folder)): b64encode(path.read_bytes()).decode("ascii")
            for path in files
        }
        order["script_name"] = script.name
        known = self._order["environment"]
        order["environment"] = {name: known[name] for name in order["for_script"]}
        return order

    def _wait(self, is_so: Callable[[], bool], seconds: float) -> bool:
        """Wait until something is so; false when it is too late, or somebody is lost."""
        until = time.monotonic() + seconds
        while not is_so():
            self._lost = self._lost or self._who_is_lost()
            if self._refused:
                raise ScriptRefusedError(self._refused)
            if self._lost or time.monotonic() > until:
                return False
            self._gevent.sleep(LOOK_EVERY)
        return True

    def _who_is_lost(self) -> str:
        pids = {process.pid: process for process in self._processes}
        now, number = time.monotonic(), self._order["workers"]
        for worker in self._known.values():
            process = pids.pop(worker.who["pid"], None)
            is_gone = process is not None and process.returncode is not None
            is_silent = self._is_under_way and now - worker.heard > LOST_AFTER
            if worker.result is None and (is_gone or is_silent):
                return f"worker {worker.place + 1} of {number} was lost"
        for process in pids.values():
            if process.returncode is not None:
                return f"a worker of {number} ended with {process.returncode} before it came"
        return ""

    def _all_told(self) -> bool:
        return all(worker.result is not None for worker in self._known.values())

    def _added_up(self, began_at: float, problem: str) -> dict[str, Any]:
        workers = sorted(self._known.values(), key=lambda worker: worker.place)
        results = [worker.result for worker in workers if worker.result is not None]
        recorder = Recorder(1.0)
        for result in results:
            recorder.add(result["recorder"])
        seconds = max((r["seconds"] for r in results), default=self._order["steady"])
        return {
            **recorder.result(),
            "started_at": began_at,
            "seconds": seconds,
            "cpu": max((r["cpu"] for r in results), default=0.0),
            "lag_p95": max((r["lag_p95"] for r in results), default=0.0),
            "lag_max": max((r["lag_max"] for r in results), default=0.0),
            "clock_jump": max((r["clock_jump"] for r in results), key=abs, default=0.0),
            "series": self._seconds.series,
            "ended_early": self._seconds.ended_early,
            "invalid": problem or self._seconds.invalid,
            "workers": [_told_of(worker, seconds) for worker in workers],
        }

    def _on_hello(self, msg: Any, **_kwargs: Any) -> None:
        """Count a worker in, once, as long as some are missing."""
        if not self._is_ours(msg.data) or len(self._known) == self._order["workers"]:
            return
        if msg.data["locust"] != self._version:
            self._lost = f"a worker has Locust {msg.data['locust']}, not {self._version}"
            return
        found = _Known(len(self._known), msg.data, time.monotonic())
        self._known.setdefault(msg.node_id, found)

    def _from_known(self, hear: Callable[[_Known, dict[str, Any]], None]) -> Callable[..., None]:
        def listen(msg: Any, **_kwargs: Any) -> None:
            worker = self._known.get(msg.node_id)
            if worker is not None and self._is_ours(msg.data):
                worker.heard = time.monotonic()
                hear(worker, msg.data)

        return listen

    def _on_ready(self, worker: _Known, _told: dict[str, Any]) -> None:
        worker.is_ready = True

    def _on_refused(self, _worker: _Known, told: dict[str, Any]) -> None:
        self._refused = str(told["reason"])

    def _on_second(self, worker: _Known, told: dict[str, Any]) -> None:
        self._seconds.take(
            worker.place, told["second"], told["latencies"], told["failures"], told["failed"]
        )

    def _on_result(self, worker: _Known, told: dict[str, Any]) -> None:
        worker.result = told

    def _end_all(self) -> None:
        self._tell_all(END)

    def _tell_all(self, message: str) -> None:
        for name in self._known:
            self._say(name, message, {})

    def _say(self, name: str, message: str, told: dict[str, Any]) -> None:
        self._runner.send_message(message, {**told, "token": self._token}, client_id=name)

    def _is_ours(self, told: Any) -> bool:
        return is_ours(told, self._token)


def _told_of(worker: _Known, seconds: float) -> dict[str, Any]:
    """Say what a worker did of its share of the whole time, however long it worked."""
    result, who = worker.result, worker.who
    total = Recorder(1.0)
    if result is not None:
        total.add(result["recorder"])
    counted = total.result()["total"]
    return {
        "machine": str(who["machine"]),
        "processor": str(who["processor"]),
        "cores": int(who["cores"]),
        "wanted": result["wanted"] * seconds if result else 0.0,
        "made": counted["requests"] + counted["omitted"],
        "cpu": result["cpu"] if result else 0.0,
        "lag": result["lag_p95"] if result else 0.0,
    }
