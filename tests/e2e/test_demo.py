"""The main job as a user plays it, on real parts, while somebody kills its controller."""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter

import psutil
import pytest

from controller.demo.folder import Folder, run_git

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(900)]

KILLS = 5
SEED = int(os.environ.get("TRUEUP_TEST_SEED", "20261123"))
LONGEST = 800


def kill_now_and_then(folder: Folder, over: threading.Event, killed: list[float]) -> None:
    """Kill the controller of the demo, the hard way, at random instants."""
    chance = random.Random(SEED)
    began = time.monotonic()
    while len(killed) < KILLS and not over.wait(chance.uniform(2, 22)):
        with contextlib.suppress(OSError, ValueError, KeyError, psutil.Error):
            pid = json.loads((folder.data / "server.json").read_text())["pid"]
            if "serve" in psutil.Process(pid).cmdline():
                os.kill(pid, signal.SIGKILL)
                killed.append(round(time.monotonic() - began, 1))


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Folder, dict, list[float]]:
    """The folder that a demo with kills has left behind, its summary, and when it was killed."""
    folder = Folder(tmp_path_factory.mktemp("demo") / "d")
    killed: list[float] = []
    over = threading.Event()
    killer = threading.Thread(target=kill_now_and_then, args=(folder, over, killed))
    killer.start()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "controller", "demo", "--once", "-o", "json", "--port", "0",
             "--dir", str(folder.root)],
            capture_output=True, text=True, timeout=LONGEST, check=False,
        )  # fmt: skip
    finally:
        over.set()
        killer.join()
    log = (folder.data / "controller.log").read_text()[-3000:]
    assert done.stdout, f"killed at {killed}\n{done.stderr[-3000:]}\n{log}"
    summary = json.loads(done.stdout)
    assert summary["ok"], f"killed at {killed}\n{done.stdout}\n{done.stderr[-3000:]}\n{log}"
    assert done.returncode == 0
    return folder, summary, killed


def test_every_scene_was_observed_although_the_controller_was_killed(played) -> None:
    folder, summary, killed = played
    assert len(killed) == KILLS
    assert [step["name"] for step in summary["steps"]] == [
        "secrets", "release", "gate", "approval", "change", "slow-change", "drift", "rotation",
        "broken",
    ]  # fmt: skip
    for step in summary["steps"]:
        assert (folder.root / step["evidence"]).is_file()


def test_each_move_was_made_once(played) -> None:
    folder, _, _ = played
    log = run_git(folder.repository, "log", "--format=%s", "trueup/promotions").splitlines()
    moves = Counter(line for line in log if "promote" in line or "roll-back" in line)
    assert moves
    assert {move: times for move, times in moves.items() if times > 1} == {}


def test_no_secret_is_in_any_file_but_where_it_belongs(played) -> None:
    folder, _, _ = played
    delivered = [p for p in (folder.data / "secrets").rglob("*") if p.is_file()]
    values = set()
    for path in delivered:
        for line in path.read_text().splitlines():
            if "://" in line:
                values.add(line.partition("://")[2].partition(":")[2].partition("@")[0])
            elif len(line) >= 20 and not line.startswith("sha256"):
                values.add(line)
    assert len(values) >= 6
    found = []
    for path in folder.root.rglob("*"):
        if not path.is_file() or path in delivered or (folder.data / "openbao") in path.parents:
            continue
        with contextlib.suppress(PermissionError):
            content = path.read_bytes()
            found += [path for value in values if value.encode() in content]
    assert found == []


def test_nothing_runs_after_the_end(played) -> None:
    folder, _, _ = played
    left = []
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or ()
        left += [words] if any(str(folder.root) in word for word in words) else []
    assert left == []
