"""A worker: a process that makes a share of a run's load, and speaks with the run's master.

`python -P -m controller.adapters.load_generator.locust_worker HOST PORT TOKEN_FILE PARENT PLACE`
over Locust's own master and worker. It does what the master says, the code of the load test
included: so both show each other a token that only they can read. It makes one run and ends, and it
ends with its PARENT. `here` it runs in the folder of the master, `elsewhere` in one of its own.
"""

import os
import platform
import signal
import sys
import tempfile
import time
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

from controller.adapters.load_generator.dying import die_with, end_group
from controller.adapters.load_generator.machine import processor
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
    is_ours,
)


class Worker:
    """Speaks with the master, and runs what it orders."""

    def __init__(self, host: str, port: int, token: str) -> None:
        import gevent
        import gevent.event
        import locust  # it patches the interpreter: before anything that uses the network
        from locust.env import Environment

        self._gevent, self._version = gevent, locust.__version__
        self._token = token
        self._order: dict[str, Any] | None = None
        self._ordered, self._goes, self._over = (gevent.event.Event() for _ in range(3))
        self._delay = 0.0
        self._run: Any = None
        self._environment = Environment()
        self._runner = self._environment.create_worker_runner(host, port)
        hears = {
            ORDER: self._on_order, GO: self._on_go, END: self._on_end, OVER: self._on_over
        }  # fmt: skip
        for name, hear in hears.items():
            self._runner.register_message(name, self._from_master(hear))

    def work(self, folder: Path, *, is_beside_master: bool) -> None:
        """Say hello until there is an order, make the run, and tell of it."""
        from controller.adapters.load_generator.load_run import LoadRun, ScriptRefusedError

        while not self._ordered.wait(1.0):
            if not len(self._runner.greenlet):  # the master has sent us away
                return
            self._say(HELLO, self._who())
        order = self._order or {}
        if not is_beside_master:
            _lay_out(order, folder)
        os.chdir(folder)
        try:
            self._run = LoadRun(order, self._tell, self._environment)
            self._say(READY)
            patience = order["meeting"]["patience"] + LOST_AFTER
            if not self._goes.wait(patience) or self._over.is_set():
                return
            self._gevent.sleep(self._delay)
            told = self._run.run()
        except ScriptRefusedError as refusal:
            self._say(REFUSED, {"reason": str(refusal)})
        else:
            self._say(RESULT, {**told, "recorder": told["recorder"].encode()})
        self._over.wait(LOST_AFTER)  # what was said last is on its way

    def _tell(self, second: int, latencies: Any, failures: int, failed: int) -> None:
        told = {"second": second, "latencies": latencies, "failures": failures, "failed": failed}
        self._say(SECOND, told)
        heard = self._runner.last_heartbeat_timestamp
        if heard is not None and time.time() - heard > LOST_AFTER:
            self._on_over({})  # the master is gone: no load that nobody measures

    def _say(self, name: str, told: dict[str, Any] | None = None) -> None:
        self._runner.send_message(name, {**(told or {}), "token": self._token})

    def _who(self) -> dict[str, Any]:
        return {
            "pid": os.getpid(),
            "machine": platform.node(),
            "locust": self._version,
            "processor": processor(),
            "cores": os.cpu_count() or 1,
        }

    def _from_master(self, hear: Callable[[dict[str, Any]], None]) -> Callable[..., None]:
        def listen(msg: Any, **_kwargs: Any) -> None:
            if is_ours(msg.data, self._token):
                hear(msg.data)

        return listen

    def _on_order(self, told: dict[str, Any]) -> None:
        self._order = told["order"]
        self._ordered.set()

    def _on_go(self, told: dict[str, Any]) -> None:
        self._delay = told["delay"]
        self._goes.set()

    def _on_end(self, _told: dict[str, Any]) -> None:
        if self._run is not None:
            self._run.end()

    def _on_over(self, told: dict[str, Any]) -> None:
        self._over.set()
        self._goes.set()
        self._on_end(told)


def _lay_out(order: dict[str, Any], folder: Path) -> None:
    """Write the script and its data as they lie beside the master, and take its environment."""
    for name, content in order["files"].items():
        target = (folder / name).resolve()
        if not target.is_relative_to(folder.resolve()):
            sys.exit(f"`{name}` is not below the run's folder")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(b64decode(content))
    order["script"] = str(folder / order["script_name"])
    os.environ.update(order["environment"])


def main(host: str, port: int, token_file: Path, parent: int, place: str) -> None:
    """Make one run."""
    token = token_file.read_text(encoding="utf-8").strip()
    die_with(parent, signal.SIGKILL if place == "here" else signal.SIGTERM)
    if place == "here":
        Worker(host, port, token).work(Path.cwd(), is_beside_master=True)
        return
    with tempfile.TemporaryDirectory(prefix="trueup-worker-") as folder:
        Worker(host, port, token).work(Path(folder), is_beside_master=False)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
    sys.stderr.flush()
    end_group()
    os._exit(0)
