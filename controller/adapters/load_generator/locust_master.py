"""The master of a run whose load workers make: here as processes of ours, or on other machines.

Locust's own master and worker carry the messages. What is measured comes in messages of ours:
Locust rounds latencies and knows no omitted requests; here histograms are added bucket by bucket. A
worker that never comes, or that is lost, makes the run invalid: the load was not the wanted one.
"""

import os
import sys
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from time import monotonic, time
from typing import Any

from controller.adapters.load_generator.detached import Detached
from controller.adapters.load_generator.load_run import DRAIN
from controller.adapters.load_generator.messages import (
    AWAY,
    END,
    GO,
    HELLO,
    ORDER,
    OVER,
    READY,
    REFUSED,
    RESULT,
    SECOND,
    TRUEUP,
    WORKER,
    is_ours,
)
from controller.adapters.load_generator.run_folder import SHOWN
from controller.adapters.load_generator.script import ScriptRefusedError
from controller.adapters.load_generator.seconds import Say, Seconds
from controller.adapters.load_generator.shares import Share, added_up, said_by_scripts

DELAY = 1.0
"""Seconds from the word to begin until all begin: each has heard it by then."""
LATEST_BEGIN = 2.0
"""Seconds; with a worker that begins later, the load of the first ones is not the wanted one."""
LOOK_EVERY = 0.05
LONG_LOOK = 0.5
"""Seconds between two looks after which this process itself stood still."""
MOST_TURNED_AWAY = 20
LONGEST_NAME = 80


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

        self._gevent, self._version = gevent, locust.__version__
        self._order, self._folder = order, folder
        self._token = (folder / SHOWN).read_text(encoding="utf-8").strip()
        self._known: dict[str, Share] = {}
        self._processes: list[Detached] = []
        self._turned_away: dict[str, str] = {}
        self._refused = self._lost = self._late = ""
        self._went_at: float | None = None
        self._came_at = time(), monotonic()
        self._began_at = self._came_at[0]
        self._stood_still = 0.0
        self._seconds = Seconds(order, say, self._end_all)
        meeting = order["meeting"]
        self._lost_after: float = meeting["lost_after"]
        self._runner = _listen(meeting["host"], meeting["port"])
        hears: dict[str, Callable[[Share, dict[str, Any]], None]] = {
            READY: self._on_ready, REFUSED: self._on_refused,
            SECOND: self._on_second, RESULT: self._on_result,
        }  # fmt: skip
        self._runner.register_message(HELLO, self._on_hello)
        for name, hear in hears.items():
            self._runner.register_message(name, self._from_known(hear))

    def run(self) -> dict[str, Any]:
        """Meet the workers, have them make the load, and add up what they measured."""
        problem = self._meet() or self._make_load()
        shares = list(self._known.values())
        jump = time() - self._came_at[0] - (monotonic() - self._came_at[1])
        told = added_up(shares, self._order["steady"], jump)
        by_workers = self._late or self._seconds.invalid or said_by_scripts(shares)
        return {
            **told,
            "started_at": self._began_at,
            "stood_still": max(told["stood_still"], self._stood_still * 1000),
            "series": self._seconds.series,
            "ended_early": self._seconds.ended_early,
            "invalid": problem or by_workers,
        }

    def _meet(self) -> str:
        """Wait until all workers are there and ready; says what went wrong."""
        order, number = self._order, self._order["workers"]
        if not order["meeting"]["is_elsewhere"]:
            self._start_workers(number)
        patience = order["meeting"]["patience"]
        if not self._wait(lambda: len(self._known) == number, patience):
            came = f"only {len(self._known)} of {number} workers came within {patience:g} s"
            return self._lost or "; ".join([came, *sorted(set(self._turned_away.values()))])
        for name, worker in self._known.items():
            self._say(name, ORDER, {"order": self._share(worker.place)})
        if not self._wait(lambda: all(w.is_ready for w in self._known.values()), patience):
            slow = next(w for w in self._known.values() if not w.is_ready)
            return self._lost or f"{self._called(slow)} was not ready within {patience:g} s"
        return ""

    def _make_load(self) -> str:
        """Have all workers begin, and hear them to their end; says what went wrong."""
        self._went_at = monotonic()
        for name, worker in self._known.items():
            worker.heard = self._went_at
            self._say(name, GO, {"delay": DELAY})
        order = self._order
        self._began_at = time() + DELAY + order["warm_up"]
        longest = DELAY + order["warm_up"] + order["steady"] + DRAIN + self._lost_after
        if self._wait(self._all_told, longest):
            return ""
        return self._lost or "a worker told no result"

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
        looked = monotonic()
        until = looked + seconds
        while not is_so():
            self._lost = self._lost or self._who_is_lost()
            if self._refused:
                raise ScriptRefusedError(self._refused)
            if self._lost or monotonic() > until:
                return False
            self._gevent.sleep(LOOK_EVERY)
            until += self._stand_still(monotonic() - looked - LOOK_EVERY)
            looked = monotonic()
        return True

    def _stand_still(self, late: float) -> float:
        """Note that this process did nothing for a while: what was said then is still to be read.

        Gives the time that it missed.
        """
        if late < LONG_LOOK:
            return 0.0
        for worker in self._known.values():
            worker.heard += late
        if self._went_at is not None:
            self._stood_still = max(self._stood_still, late)
        return late

    def _who_is_lost(self) -> str:
        pids = {process.pid: process for process in self._processes}
        number = self._order["workers"]
        for worker in self._known.values():
            process = pids.pop(worker.who["pid"], None)
            if worker.result is not None:
                continue
            if process is not None and process.returncode is not None:
                return f"{self._called(worker)} was lost: it ended with {process.returncode}"
            if self._went_at is not None and monotonic() - worker.heard > self._lost_after:
                silence = f"nothing was heard of it for {self._lost_after:g} s"
                return f"{self._called(worker)} was lost: {silence}"
        for process in pids.values():
            if process.returncode is not None:
                return f"a worker of {number} ended with {process.returncode} before it came"
        return ""

    def _called(self, worker: Share) -> str:
        return f"worker {worker.place + 1} of {self._order['workers']} on `{worker.machine}`"

    def _all_told(self) -> bool:
        return all(worker.result is not None for worker in self._known.values())

    def _on_hello(self, msg: Any, **_kwargs: Any) -> None:
        """Count a worker in, once, as long as some are missing; send one away that is no use."""
        who = msg.data if isinstance(msg.data, dict) else {}
        name = f"a worker on `{str(who.get('machine'))[:LONGEST_NAME]}`"
        if not self._is_ours(who):
            self._turn_away(msg.node_id, name, "shows another token than `load_workers.token_file`")
            return
        ours = f"Trueup {TRUEUP} with Locust {self._version}"
        theirs = f"Trueup {who.get('trueup')} with Locust {who.get('locust')}"
        if theirs != ours:
            self._turn_away(msg.node_id, name, f"has {theirs}, and the controller {ours}")
            return
        if len(self._known) < self._order["workers"]:
            found = Share(len(self._known), who, monotonic())
            self._known.setdefault(msg.node_id, found)

    def _turn_away(self, node: str, name: str, reason: str) -> None:
        """Tell a worker why it is no use; one with another token must not see ours."""
        if len(self._turned_away) < MOST_TURNED_AWAY:
            self._turned_away[node] = f"{name} {reason}"
        self._runner.send_message(AWAY, {"reason": f"it {reason}"}, client_id=node)

    def _from_known(self, hear: Callable[[Share, dict[str, Any]], None]) -> Callable[..., None]:
        def listen(msg: Any, **_kwargs: Any) -> None:
            worker = self._known.get(msg.node_id)
            if worker is not None and self._is_ours(msg.data):
                worker.heard = monotonic()
                hear(worker, msg.data)

        return listen

    def _on_ready(self, worker: Share, _told: dict[str, Any]) -> None:
        worker.is_ready = True

    def _on_refused(self, worker: Share, told: dict[str, Any]) -> None:
        where = f"on `{worker.machine}`: " if self._order["meeting"]["is_elsewhere"] else ""
        self._refused = f"{where}{told['reason']}"

    def _on_second(self, worker: Share, told: dict[str, Any]) -> None:
        late = monotonic() - (self._went_at or 0.0) - DELAY - told["second"]
        if told["second"] == 1 and late > LATEST_BEGIN:
            self._late = f"{self._called(worker)} began {late:.1f} s later than it was told to"
        self._seconds.take(
            worker.place, told["second"], told["latencies"], told["failures"], told["failed"]
        )

    def _on_result(self, worker: Share, told: dict[str, Any]) -> None:
        worker.result = told
        if told["script_says"]:
            self._end_all()

    def _end_all(self) -> None:
        self._tell_all(END)

    def _tell_all(self, message: str) -> None:
        for name in self._known:
            self._say(name, message, {})

    def _say(self, name: str, message: str, told: dict[str, Any]) -> None:
        self._runner.send_message(message, {**told, "token": self._token}, client_id=name)

    def _is_ours(self, told: Any) -> bool:
        return is_ours(told, self._token)


def _listen(host: str, port: int) -> Any:
    """Wait for workers at an address; raises ScriptRefusedError where that cannot be had."""
    from locust.env import Environment
    from locust.exception import RPCError

    try:
        return Environment().create_master_runner(host, port)
    except (RPCError, SystemExit) as error:  # Locust ends the process when the port is taken
        reason = str(error) if isinstance(error, RPCError) else "somebody else listens there"
        raise ScriptRefusedError(
            f"its workers cannot come to {host}:{port} ({reason}):"
            " `load_workers` in the controller's settings says where they come to"
        ) from error
