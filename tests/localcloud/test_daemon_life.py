"""The daemon: one for a root, its own death, everybody's death, and the way back."""

import contextlib
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from controller.localcloud.client import Cloud
from controller.localcloud.errors import CloudError
from tests.localcloud.engines import GREETER

REPOSITORY = Path(__file__).parents[2]
OWNER = "shop/dev/x"


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """Give a cloud for one test: these tests end daemons."""
    folder = Path(tempfile.mkdtemp(prefix="lc-", dir="/tmp"))
    cloud = Cloud(folder / "cloud")
    yield cloud
    if cloud.places.root.exists():
        cloud.stop_all()
    shutil.rmtree(folder, ignore_errors=True)


def greeter(**more: object) -> dict[str, object]:
    return {"command": ["python", GREETER], "stop_grace_s": 1, **more}


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.read().decode()


def until(is_so: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(CloudError, OSError):
            if is_so():
                return True
        time.sleep(0.05)
    return False


def is_running(pid: int) -> bool:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] not in "ZX"


def kill_daemon(cloud: Cloud) -> None:
    os.kill(cloud.ping()["pid"], signal.SIGKILL)
    assert until(lambda: not cloud.is_running())


def test_twelve_clients_at_once_start_one_daemon(cloud: Cloud) -> None:
    program = (
        "import sys; from controller.localcloud.client import Cloud;"
        "print(Cloud(sys.argv[1]).ping()['pid'])"
    )
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(cloud.places.root)],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(12)
    ]
    pids = {racer.communicate(timeout=60)[0] for racer in racers}
    assert pids == {f"{cloud.ping()['pid']}\n"}


def test_only_this_user_may_come_in(cloud: Cloud) -> None:
    cloud.ensure("service", "web", greeter(), owner=OWNER)
    socket = Path(json.loads(cloud.places.address.read_text())["socket"])
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (cloud.places.root, socket.parent)}
    assert modes == {0o700}
    assert stat.S_IMODE(socket.stat().st_mode) == 0o600
    for path in (cloud.places.configuration("service", "web"), cloud.places.log("service", "web")):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_folder_with_other_things_is_not_taken(cloud: Cloud) -> None:
    cloud.places.root.mkdir()
    (cloud.places.root / "thesis.txt").write_text("years of work")
    with pytest.raises(CloudError, match="holds other things"):
        cloud.ping()


def test_a_long_root_has_a_short_socket() -> None:
    folder = Path(tempfile.mkdtemp(prefix="lc-", dir="/tmp"))
    cloud = Cloud(folder / ("deep" * 20) / ("deeper" * 20))
    try:
        cloud.ensure("service", "web", greeter(), owner=OWNER)
        socket = Path(json.loads(cloud.places.address.read_text())["socket"])
        assert len(str(socket)) < 100
        assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
    finally:
        cloud.stop_all()
        shutil.rmtree(folder)
        shutil.rmtree(cloud.places.sockets())


def open_files(pid: int) -> list[str]:
    """What a process holds open, less what it closes while we look."""
    links = []
    for path in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            links.append(str(path.readlink()))
    return links


def test_nobody_waits_for_what_was_started(cloud: Cloud) -> None:
    """A service that inherited a pipe of its starter would hold `terraform apply` for ever."""
    program = (
        "import sys; from controller.localcloud.client import Cloud;"
        "spec = {'command': ['python', sys.argv[2]], 'environment': {'MODE': 'chatty'}};"
        f"print(Cloud(sys.argv[1]).ensure('service', 'web', spec, owner='{OWNER}')['url'])"
    )
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", program, str(cloud.places.root), GREETER],
        cwd=REPOSITORY,
        env={**os.environ, "SECRET_CANARY": "tweet"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=30,
        check=True,
    )
    assert time.monotonic() - started < 20
    assert get(done.stdout.strip()).startswith("hello")
    assert cloud.logs("service", "web") == "to the log, not to the pipe"
    pids = [cloud.ping()["pid"], *cloud.get("service", "web")["pids"]]
    for pid in pids:
        assert b"SECRET_CANARY" not in Path(f"/proc/{pid}/environ").read_bytes()
        assert os.getsid(pid) != os.getsid(0)
        assert not [link for link in open_files(pid) if link.startswith("pipe:")]


def test_services_outlive_the_daemon_and_are_taken_up_again(cloud: Cloud) -> None:
    spec = greeter(replicas=2)
    before = cloud.ensure("service", "web", spec, owner=OWNER)
    kill_daemon(cloud)
    assert all(map(is_running, before["pids"]))
    after = cloud.get("service", "web")
    for key in ("pids", "port", "since", "running", "spec"):
        assert after[key] == before[key], key
    assert get(after["url"]).startswith("hello")
    os.kill(after["pids"][0], signal.SIGKILL)
    assert until(lambda: cloud.get("service", "web")["running"] == 1)
    again = cloud.ensure("service", "web", spec, owner=OWNER)
    assert again["running"] == 2
    assert after["pids"][1] in again["pids"]
    cloud.remove("service", "web")
    assert not any(map(is_running, again["pids"]))


def test_a_daemon_killed_in_an_update_leaves_no_stray_process(cloud: Cloud) -> None:
    before = cloud.ensure("service", "web", greeter(), owner=OWNER)
    health = {"path": "/slow", "timeout_s": 30}
    sick = greeter(environment={"MODE": "sick"}, health=health)
    program = (
        "import json, sys; from controller.localcloud.client import Cloud;"
        f"Cloud(sys.argv[1]).ensure('service', 'web', json.loads(sys.argv[2]), owner='{OWNER}')"
    )
    asking = subprocess.Popen(
        [
            sys.executable,
            "-c",
            program,
            str(cloud.places.root),
            json.dumps(sick),
        ],
        cwd=REPOSITORY,
        stderr=subprocess.DEVNULL,
    )
    running = cloud.places.running("service", "web")
    assert until(lambda: len(json.loads(running.read_text())["replicas"]) == 2)
    asking.kill()
    asking.wait()
    pids = {each["pid"] for each in json.loads(running.read_text())["replicas"]}
    kill_daemon(cloud)
    after = cloud.get("service", "web")
    assert after["pids"] == before["pids"]
    assert after["spec"]["environment"] == {}
    (stray,) = pids - set(before["pids"])
    assert until(lambda: not is_running(stray))


def test_after_everybodys_death_only_what_is_restarted_always_comes_back(cloud: Cloud) -> None:
    cloud.ensure("service", "always", greeter(restart="always"), owner=OWNER)
    cloud.ensure("service", "never", greeter(), owner=OWNER)
    ports = {each["name"]: each["port"] for each in cloud.list()}
    pids = [pid for each in cloud.list() for pid in each["pids"]]
    kill_daemon(cloud)
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    assert until(lambda: cloud.get("service", "always")["running"] == 1)
    assert cloud.get("service", "never")["running"] == 0
    assert cloud.resume() == ("service/never",)
    assert cloud.get("service", "never")["running"] == 1
    assert {each["name"]: each["port"] for each in cloud.list()} == ports


def test_what_outlived_its_daemon_is_stopped(cloud: Cloud) -> None:
    pids = cloud.ensure("service", "up", greeter(), owner=OWNER)["pids"]
    kill_daemon(cloud)
    assert cloud.stop_all() == ("service/up",)
    assert not cloud.is_running()
    assert not any(map(is_running, pids))


def test_where_no_daemon_has_been_stopping_makes_none(cloud: Cloud) -> None:
    assert cloud.stop_all() == ()
    assert not cloud.places.root.exists()


def test_what_was_stopped_is_resumed_and_nothing_else(cloud: Cloud) -> None:
    up = cloud.ensure("service", "up", greeter(replicas=2), owner=OWNER)
    cloud.ensure("service", "down", greeter(), owner=OWNER)
    cloud.kill("service", "down")
    assert cloud.stop_all() == ("service/up",)
    assert not cloud.is_running()
    assert not any(map(is_running, up["pids"]))
    assert cloud.get("service", "up")["running"] == 0
    assert cloud.resume() == ("service/up",)
    assert {each["name"]: each["running"] for each in cloud.list()} == {"up": 2, "down": 0}
    assert cloud.get("service", "up")["url"] == up["url"]
    assert cloud.resume() == ()


def test_without_its_root_a_daemon_ends_everything(cloud: Cloud) -> None:
    cloud.ensure("service", "web", greeter(), owner=OWNER)
    pids = [cloud.ping()["pid"], *cloud.get("service", "web")["pids"]]
    shutil.rmtree(cloud.places.root)
    assert until(lambda: not any(map(is_running, pids)), 15)


@pytest.mark.slow
def test_a_database_outlives_the_daemon_and_is_resumed(cloud: Cloud) -> None:
    before = cloud.ensure("database", "db", {}, owner=OWNER)
    kill_daemon(cloud)
    after = cloud.get("database", "db")
    for key in ("pids", "port", "running", "version", "admin_dsn"):
        assert after[key] == before[key], key
    assert cloud.stop_all() == ("database/db",)
    assert not any(map(is_running, before["pids"]))
    assert cloud.resume() == ("database/db",)
    assert cloud.get("database", "db")["running"] == 1
    cloud.edit("database", "db", {"restart": "always"})
    cloud.kill("database", "db")
    assert until(lambda: cloud.get("database", "db")["restarts"] > 0)
    assert until(lambda: cloud.get("database", "db")["running"] == 1)
