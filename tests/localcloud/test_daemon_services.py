"""What the daemon does for services, asked directly; and what it makes of nonsense."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from controller.localcloud.client import Cloud
from controller.localcloud.daemon import logs
from controller.localcloud.errors import CloudError
from tests.localcloud.engines import GREETER

OWNER = "shop/dev/x"
HEALTH = {"interval_ms": 100, "timeout_s": 1}


def greeter(**more: object) -> dict[str, object]:
    return {"command": ["python", GREETER], "stop_grace_s": 1, **more}


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.read().decode()


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def wait_for(cloud: Cloud, name: str, running: int) -> None:
    deadline = time.monotonic() + 60
    while cloud.get("service", name)["running"] != running:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_second_wish_of_the_same_changes_no_process(cloud: Cloud) -> None:
    first = cloud.ensure("service", "same", greeter(), owner=OWNER)
    assert cloud.ensure("service", "same", greeter(), owner=OWNER)["pids"] == first["pids"]


def test_more_and_fewer_replicas_leave_the_others_alone(cloud: Cloud) -> None:
    (first,) = cloud.ensure("service", "scale", greeter(), owner=OWNER)["pids"]
    three = cloud.ensure("service", "scale", greeter(replicas=3), owner=OWNER)
    assert first in three["pids"] and three["running"] == 3
    assert {get(three["url"]).split()[1] for _ in range(9)} == {"0", "1", "2"}
    assert cloud.ensure("service", "scale", greeter(replicas=1), owner=OWNER)["pids"] == [first]
    assert cloud.ensure("service", "scale", greeter(replicas=0), owner=OWNER)["running"] == 0


def test_a_replica_that_hangs_is_passed_over_and_replaced(cloud: Cloud) -> None:
    spec = greeter(replicas=2, health=HEALTH)
    status = cloud.ensure("service", "hang", spec, owner=OWNER)
    hanging, good = status["pids"]
    os.kill(hanging, signal.SIGSTOP)
    wait_for(cloud, "hang", 1)
    assert {get(status["url"]).split()[2] for _ in range(5)} == {str(good)}
    after = cloud.ensure("service", "hang", spec, owner=OWNER)
    assert good in after["pids"] and hanging not in after["pids"] and after["running"] == 2


def test_what_is_restarted_always_comes_back(cloud: Cloud) -> None:
    cloud.ensure("service", "always", greeter(restart="always"), owner=OWNER)
    cloud.kill("service", "always")
    wait_for(cloud, "always", 1)
    assert cloud.get("service", "always")["restarts"] == 1


def test_children_and_the_stubborn_go_too(cloud: Cloud) -> None:
    for mode in ("family", "stubborn"):
        spec = greeter(environment={"MODE": mode})
        (pid,) = cloud.ensure("service", mode, spec, owner=OWNER)["pids"]
        family = [
            int(each.name)
            for each in Path("/proc").iterdir()
            if each.name.isdigit() and os.getpgid(int(each.name)) == pid
        ]
        assert len(family) == (2 if mode == "family" else 1)
        cloud.remove("service", mode)
        assert not any(map(is_running, family))


@pytest.mark.parametrize(
    ("spec", "complaint"),
    [
        (greeter(environment={"MODE": "crash"}), "cannot find my configuration"),
        (
            greeter(environment={"MODE": "sick"}, health={"timeout_s": 1}),
            "was not answered well within 1 s",
        ),
        ({"command": ["/no/such/program"]}, "cannot be started"),
        (greeter(directory="/no/such/folder"), "there is no folder"),
        (greeter(replicas="many"), "`replicas` is wrong"),
        (greeter(replicas=True), "`replicas` is wrong"),
        (greeter(environment={"A=B": "x"}), "is not a variable's name"),
        (greeter(health={"path": "/ HTTP/1.1\r\nX: y"}), "is not a path"),
        ({"command": []}, "`command` is wrong"),
        (greeter(surprise=1), "unknown key `surprise`"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_nothing(
    cloud: Cloud, spec: dict[str, object], complaint: str
) -> None:
    with pytest.raises(CloudError, match=complaint):
        cloud.ensure("service", "wrong", spec, owner=OWNER)
    assert cloud.find("service", "wrong") is None


def test_a_taken_port_is_named(cloud: Cloud) -> None:
    port = cloud.ensure("service", "first", greeter(), owner=OWNER)["port"]
    with pytest.raises(CloudError, match=f"port {port} belongs to `service/first`") as caught:
        cloud.ensure("service", "second", greeter(port=port), owner=OWNER)
    assert caught.value.attribute == ("port",)
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        with pytest.raises(CloudError, match="used by another program"):
            cloud.ensure("service", "second", greeter(port=taken), owner=OWNER)


def test_another_owner_is_refused(cloud: Cloud) -> None:
    cloud.ensure("service", "owned", greeter(), owner=OWNER)
    with pytest.raises(CloudError, match="belongs to `shop/dev/x`, not to `a/b/c`"):
        cloud.ensure("service", "owned", greeter(), owner="a/b/c")
    with pytest.raises(CloudError, match="belongs to"):
        cloud.remove("service", "owned", owner="a/b/c")


def raw(cloud: Cloud, data: bytes) -> bytes:
    address = json.loads(cloud.places.address.read_text())["socket"]
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(address)
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        parts = []
        try:
            while part := connection.recv(1 << 16):
                parts.append(part)
        except ConnectionError:
            pass
        return b"".join(parts)


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\xff\xfe\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"[]\n",
        b"null\n",
        b'{"op": {"a": 1}}\n',
        b'{"op": "get", "kind": "service", "name": "../../etc/passwd"}\n',
        b'{"op": "get", "kind": ["service"], "name": 1}\n',
        b'{"op": "ensure", "kind": "service", "name": "a", "owner": "b"}\n',
        b'{"op": "ensure", "kind": "service", "name": "a", "owner": "b", "spec": 7}\n',
        b'{"op": "edit", "kind": "service", "name": "a", "changes": {"": ""}}\n',
        b"[" * 100_000 + b"\n",
        b"{" * 3_000_000,
        b"x" * 5_000_000 + b"\n",
        b"",
    ],
    ids=range(14),
)
def test_nonsense_is_answered_and_harms_nothing(cloud: Cloud, data: bytes) -> None:
    before = cloud.ping()
    for line in raw(cloud, data).splitlines():
        assert "error" in json.loads(line)
    assert cloud.ping() == before


def test_many_silent_connections_do_not_lock_others_out(cloud: Cloud) -> None:
    cloud.ping()
    address = json.loads(cloud.places.address.read_text())["socket"]
    silent = [socket.socket(socket.AF_UNIX) for _ in range(100)]
    try:
        for connection in silent:
            connection.connect(address)
        assert cloud.ping()["root"] == str(cloud.places.root)
    finally:
        for connection in silent:
            connection.close()


def test_a_log_is_kept_small_while_its_writer_goes_on(folder: Path) -> None:
    path = folder / "big.log"
    with path.open("ab", buffering=0) as writer:
        writer.write(b"old\n" * 1000)
        logs.rotate(path, largest=100)
        writer.write(b"new\n")
    assert path.read_text() == "new\n"
    assert path.with_suffix(".log.1").read_text().startswith("old")
    assert logs.tail(path, 5, since=4000) == "new"


def console(cloud: Cloud, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "controller.localcloud", *arguments],
        cwd=Path(__file__).parents[2],
        env={"PATH": os.environ["PATH"], "TRUEUP_LOCALCLOUD_ROOT": str(cloud.places.root)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_the_console_lists_edits_kills_and_explains(cloud: Cloud) -> None:
    cloud.ensure("service", "shown", greeter(), owner=OWNER)
    assert "shop/dev/x" in console(cloud, "list")[1]
    changes = ("environment.GREETING=7", "replicas=2")
    assert console(cloud, "edit", "shown", *changes)[0] == 0
    status = cloud.get("service", "shown")
    assert (status["spec"]["environment"], status["running"]) == ({"GREETING": "7"}, 2)
    assert get(status["url"]).startswith("7")
    assert console(cloud, "kill", "service/shown")[1].startswith("killed ")
    wait_for(cloud, "shown", 0)
    assert console(cloud, "restart", "shown")[0] == 0
    wait_for(cloud, "shown", 2)
    code, text = console(cloud, "edit", "shown", "replicas=lots")
    assert (code, text) == (1, "error: `replicas` is wrong; expected a whole number from 0 to 64\n")
    assert "there is nothing called `nobody`" in console(cloud, "logs", "nobody")[1]
    cloud.ensure("bucket", "shown", {}, owner=OWNER)
    assert "`bucket/shown`" in console(cloud, "kill", "shown")[1]
    assert console(cloud, "remove", "bucket/shown")[0] == 0
    assert not cloud.places.data("bucket", "shown").exists()
