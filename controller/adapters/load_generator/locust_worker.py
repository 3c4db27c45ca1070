"""A worker: a process that makes a share of a run's load, and speaks with the run's master.

`python -P -m controller.adapters.load_generator.locust_worker HOST PORT TOKEN_FILE PARENT PLACE`
over Locust's own master and worker. It does what the master says, the code of the load test
included: so both show each other a token that only they can read. It makes one run and ends, and it
ends with its PARENT. `here` it runs in the folder of the master, `elsewhere` in one of its own.
How it ended stands in `messages.py`.
"""

import os
import platform
import signal
import sys
import tempfile
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

from controller.adapters.load_generator.dying import die_with, end_group
from controller.adapters.load_generator.machine import processor
from controller.adapters.load_generator.meeting import LOST_AFTER
from controller.adapters.load_generator.messages import (
    AWAY,
    DONE,
    END,
    GO,
    HELLO,
    NO_RUN,
    ORDER,
    OVER,
    READY,
    REFUSED,
    RESULT,
    SECOND,
    TRUEUP,
    TURNED_AWAY,
    is_ours,
)


class Worker:
    """Speaks with the master, and runs what it orders."""

    def __init__(self, host: str, port: int, token: str) -> None:
        """Reach the master; raises ConnectionError when nobody is there for long."""
        from controller.adapters.load_generator.patched import import_locust

        locust = import_locust()  # before anything that uses the network
        import gevent
        import gevent.event

        from controller.adapters.load_generator.script import new_environment

        self._gevent, self._version = gevent, locust.__version__
        self._token = token
        self._order: dict[str, Any] | None = None
        self._ordered, self._goes, self._over = (gevent.event.Event() for _ in range(3))
        self._delay, self._lost_after = 0.0, LOST_AFTER
        self._away = ""
        self._run: Any = None
        self._environment = new_environment()
        self._runner = self._environment.create_worker_runner(host, port)
        self._heard = monotonic()
        self._environment.events.heartbeat_received.add_listener(self._on_heartbeat)
        hears = {
            ORDER: self._on_order, GO: self._on_go, END: self._on_end, OVER: self._on_over
        }  # fmt: skip
        for name, hear in hears.items():
            self._runner.register_message(name, self._from_master(hear))
        self._runner.register_message(AWAY, self._on_away)

    def work(self, folder: Path, *, is_beside_master: bool) -> int:
        """Say hello until there is an order, make the run, and tell of it; gives how it ended."""
        from controller.adapters.load_generator.load_run import LoadRun
        from controller.adapters.load_generator.script import ScriptRefusedError

        if (ended := self._wait_for_order()) != DONE:
            return ended
        order = self._order or {}
        if not is_beside_master:
            _say_to_people(f"makes share {order['share'][0] + 1} of {order['workers']} of a run")
            _lay_out(order, folder)
        os.chdir(folder)
        try:
            self._run = LoadRun(order, self._tell, self._environment)
            self._say(READY)
            patience = order["meeting"]["patience"] + self._lost_after
            if not self._goes.wait(patience) or self._over.is_set():
                return NO_RUN
            self._gevent.sleep(self._delay)
            told = self._run.run()
        except ScriptRefusedError as refusal:
            self._say(REFUSED, {"reason": str(refusal)})
        except SystemExit as ended:
            self._say(REFUSED, {"reason": f"the script ended its process: SystemExit({ended})"})
        else:
            self._say(RESULT, {**told, "recorder": told["recorder"].encode()})
        self._over.wait(self._lost_after)  # what was said last is on its way
        return DONE

    def _wait_for_order(self) -> int:
        who = self._who()
        while not self._ordered.wait(1.0):
            if self._away:
                _say_to_people(f"was turned away: {self._away}")
                return TURNED_AWAY
            is_lost = monotonic() - self._heard > self._lost_after
            if is_lost or not len(
                self._runner.greenlet
            ):  # or the run began without us, and is over
                return NO_RUN
            # A master that came in the place of one that was killed knows nobody.
            self._runner.send_message("client_ready", self._version)
            self._say(HELLO, who)
        return DONE

    def _tell(self, second: int, latencies: Any, failures: int, failed: int) -> None:
        told = {"second": second, "latencies": latencies, "failures": failures, "failed": failed}
        self._say(SECOND, told)
        if monotonic() - self._heard > self._lost_after and not self._over.is_set():
            _say_to_people(f"heard nothing for {self._lost_after:g} s, and ends its load")
            self._on_over({})  # no load that nobody measures

    def _say(self, name: str, told: dict[str, Any] | None = None) -> None:
        self._runner.send_message(name, {**(told or {}), "token": self._token})

    def _who(self) -> dict[str, Any]:
        return {
            "pid": os.getpid(),
            "machine": platform.node(),
            "locust": self._version,
            "trueup": TRUEUP,
            "system": f"{platform.system()} {platform.machine()}",
            "processor": processor(),
            "cores": os.cpu_count() or 1,
        }

    def _on_heartbeat(self, **_said: Any) -> None:
        """Note it by a clock that nobody sets; Locust's own watch goes by the time of day."""
        self._heard = monotonic()
        self._runner.last_heartbeat_timestamp = None

    def _on_away(self, msg: Any, **_kwargs: Any) -> None:
        """Take a refusal; who has another token than we cannot show ours."""
        self._away = str(msg.data["reason"])

    def _from_master(self, hear: Callable[[dict[str, Any]], None]) -> Callable[..., None]:
        def listen(msg: Any, **_kwargs: Any) -> None:
            if is_ours(msg.data, self._token):
                self._heard = monotonic()
                hear(msg.data)

        return listen

    def _on_order(self, told: dict[str, Any]) -> None:
        self._order = told["order"]
        self._lost_after = told["order"]["meeting"]["lost_after"]
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


def _say_to_people(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def main(host: str, port: int, token_file: Path, parent: int, place: str) -> int:
    """Make one run; gives how it ended."""
    token = token_file.read_text(encoding="utf-8").strip()
    die_with(parent, signal.SIGKILL if place == "here" else signal.SIGTERM)
    try:
        worker = Worker(host, port, token)
    except ConnectionError:
        return NO_RUN
    if place == "here":
        return worker.work(Path.cwd(), is_beside_master=True)
    with tempfile.TemporaryDirectory(prefix="trueup-worker-") as folder:
        return worker.work(Path(folder), is_beside_master=False)


if __name__ == "__main__":
    code = main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
    sys.stderr.flush()
    end_group()
    os._exit(code)
