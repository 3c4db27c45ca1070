"""The process that runs a Locust file: told by `order.json` in its folder, answers in JSON lines.

`python -P -m controller.adapters.load_generator.locust_runner FOLDER`. In `lines.jsonl`: `progress`
each second, then one `result`; or `refused` with the reason when the script cannot be used. The
lock on `lock` is held as long as the process lives: a second one for the same folder ends at once,
so that no load is made twice. Where workers make the load, this process is their master.
"""

import fcntl
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from controller.adapters.load_generator.dying import die_with, end_group
from controller.adapters.load_generator.seconds import Say, Seconds

ALREADY_RUNS = 75
FORKED = 70


def hold(folder: Path) -> TextIO:
    """Take the lock of the folder until the process ends; ends it when another has the lock."""
    lock = (folder / "lock").open("w", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        sys.exit(ALREADY_RUNS)
    return lock


def run_here(order: dict[str, Any], say: Say) -> dict[str, Any]:
    """Run all users in this process."""
    from controller.adapters.load_generator.load_run import LoadRun
    from controller.adapters.load_generator.script import ScriptRefusedError, new_environment

    def end() -> None:
        run.end()

    environment = new_environment()
    environment.create_local_runner()
    seconds = Seconds(order, say, end)
    run = LoadRun(order, lambda *told: seconds.take(0, *told), environment)
    try:
        told = run.run()
    except SystemExit as ended:
        raise ScriptRefusedError(f"the script ended its process: SystemExit({ended})") from ended
    recorder, script_says = told.pop("recorder"), told.pop("script_says")
    return {
        **told,
        **recorder.result(),
        "series": seconds.series,
        "ended_early": seconds.ended_early,
        "invalid": seconds.invalid or script_says,
        "workers": [],
    }


def main(folder: Path) -> int:
    """Read the order, run it, and write the lines."""
    os.chdir(folder)
    lock = hold(folder)
    order = json.loads((folder / "order.json").read_text(encoding="utf-8"))
    if order["parent"]:
        die_with(order["parent"], signal.SIGTERM)
    os.dup2(2, 1)  # what the script prints is no line of ours
    lines = (folder / "lines.jsonl").open("w", encoding="utf-8", buffering=1)

    runner = os.getpid()

    def say(line: dict[str, Any]) -> None:
        if os.getpid() != runner:  # a script has forked: what it started makes no load of ours
            os._exit(FORKED)
        lines.write(json.dumps(line) + "\n")

    say({"kind": "started", "pid": os.getpid(), "at": time.time()})
    from controller.adapters.load_generator.patched import import_locust

    locust = import_locust()  # before anything that uses the network

    from controller.adapters.load_generator.script import ScriptRefusedError

    try:
        result = _way_of(order, folder)(order, say)
    except ScriptRefusedError as refusal:
        say({"kind": "refused", "reason": str(refusal)})
        return 1
    say({"kind": "result", "locust": locust.__version__, **result})
    os.fsync(lines.fileno())
    lock.flush()
    return 0


def _way_of(order: dict[str, Any], folder: Path) -> Callable[[dict[str, Any], Say], dict[str, Any]]:
    if order["meeting"] is None:
        return run_here
    from controller.adapters.load_generator.locust_master import run_with_workers

    return lambda told, say: run_with_workers(told, folder, say)


if __name__ == "__main__":
    code = main(Path(sys.argv[1]))
    sys.stderr.flush()
    end_group()
    os._exit(code)  # the script's stray greenlets and threads do not hold us up
