"""Providers that are forked: each a process of its own, gone in time, never of other code.

That Terraform gets what it wants from them, every other test of this folder shows.
"""

import base64
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import grpc

from controller.localcloud.forking.client import VARIABLE
from controller.localcloud.forking.starter import ForkServer
from controller.localcloud.plugin import wire
from controller.localcloud.plugin.values import encode

CODE = Path(__file__).parents[2]
MAGIC = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2"


def children_of(server: int | None) -> list[int]:
    """Find the providers that live: those that have ended are waited for by nobody."""
    listed = Path(f"/proc/{server}/task/{server}/children").read_text()
    return [int(pid) for pid in listed.split()]


def wait_until(is_so: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_gone(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    return True


class Provider:
    """What Terraform does with a provider: starts it, reads one line, calls, and ends it."""

    def __init__(self, asked: Mapping[str, str], code: Path = CODE, **more: str) -> None:
        environment = {
            "PATH": os.environ["PATH"], "TF_PLUGIN_MAGIC_COOKIE": MAGIC, "PYTHONPATH": str(code),
            **asked, **more,
        }  # fmt: skip
        command = [sys.executable, "-P", "-m", "controller.localcloud.provider"]
        self.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
        )

    def address(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline().decode()
        parts = line.strip().split("|")
        assert parts[:3] == ["1", "6", "unix"], line
        return parts[3]

    def configure(self, address: str, root: str) -> Sequence[str]:
        """Give what it complains of when it is told of a root; no call is made with TLS."""
        with grpc.insecure_channel(f"unix:{address}") as channel:
            call = channel.unary_unary(
                f"/{wire.PROVIDER_SERVICE}/ConfigureProvider",
                request_serializer=wire.message_class("ConfigureProviderRequest").SerializeToString,
                response_deserializer=wire.message_class("ConfigureProviderResponse").FromString,
            )
            answer = call(
                wire.make("ConfigureProviderRequest", config=encode({"root": root})), timeout=60
            )
            return [each.summary for each in answer.diagnostics]

    def end(self) -> int:
        self.process.terminate()
        with self.process:
            return self.process.wait(60)


def test_each_is_a_process_with_an_environment_of_its_own(
    fork_server: ForkServer, tmp_path: Path
) -> None:
    two = [Provider(fork_server.environment(), TMPDIR=str(tmp_path / name)) for name in ("a", "b")]
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    addresses = [each.address() for each in two]
    assert [Path(address).parts[-3] for address in addresses] == ["a", "b"]
    complaints = [
        each.configure(address, root)
        for each, address, root in zip(two, addresses, (str(tmp_path), "here"), strict=True)
    ]
    assert complaints == [[], ["`here` is not an absolute path"]]
    wait_until(lambda: len(children_of(fork_server.pid)) == 2)
    assert [each.end() for each in two] == [0, 0]
    assert not any(Path(address).exists() for address in addresses)
    wait_until(lambda: not children_of(fork_server.pid))


def test_it_is_gone_when_what_stands_for_it_is_killed(fork_server: ForkServer) -> None:
    provider = Provider(fork_server.environment())
    provider.address()
    provider.process.kill()
    with provider.process:
        provider.process.wait(60)
    wait_until(lambda: not children_of(fork_server.pid))


def test_it_is_gone_when_terraform_is_killed(fork_server: ForkServer) -> None:
    program = (
        "import subprocess, sys, time\n"
        "p = subprocess.Popen([sys.executable, '-P', '-m', 'controller.localcloud.provider'],"
        " stdout=subprocess.PIPE)\n"
        "print(p.stdout.readline(), flush=True)\n"
        "time.sleep(300)\n"
    )
    environment = {
        "TF_PLUGIN_MAGIC_COOKIE": MAGIC, "PYTHONPATH": str(CODE), **fork_server.environment(),
    }  # fmt: skip
    engine = subprocess.Popen(
        [sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE
    )
    assert engine.stdout is not None
    assert b"1|6|unix" in engine.stdout.readline()
    wait_until(lambda: len(children_of(fork_server.pid)) == 1)
    engine.kill()
    with engine:
        engine.wait(60)
    wait_until(lambda: not children_of(fork_server.pid))


def test_it_goes_on_without_the_server_and_later_ones_start_by_themselves() -> None:
    server = ForkServer()
    server.start()
    provider = Provider(server.environment())
    provider.address()
    (child,) = children_of(server.pid)
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    later = Provider(server.environment())
    later.address()
    assert not is_gone(child)
    assert [provider.end(), later.end()] == [0, 0]
    wait_until(lambda: is_gone(child))
    server.stop()


def test_nothing_is_left_when_the_controller_is_killed() -> None:
    program = (
        "import sys, time\n"
        "from controller.localcloud.forking.starter import ForkServer\n"
        "server = ForkServer()\n"
        "server.start()\n"
        "print(server.pid, flush=True)\n"
        "time.sleep(300)\n"
    )
    controller = subprocess.Popen(
        [sys.executable, "-c", program], env={"PYTHONPATH": str(CODE)}, stdout=subprocess.PIPE
    )
    assert controller.stdout is not None
    pid = int(controller.stdout.readline())
    assert not is_gone(pid)
    controller.kill()
    with controller:
        controller.wait(60)
    wait_until(lambda: is_gone(pid))


def test_code_that_was_upgraded_is_never_served_by_what_was_read_before(tmp_path: Path) -> None:
    ignored = shutil.ignore_patterns("__pycache__")
    copy = tmp_path / "controller"
    copy.mkdir()
    shutil.copy(CODE / "controller" / "__init__.py", copy)
    shutil.copytree(CODE / "controller" / "localcloud", copy / "localcloud", ignore=ignored)
    program = (
        "import sys\n"
        "from controller.localcloud.forking.starter import ForkServer\n"
        "server = ForkServer()\n"
        "server.start()\n"
        "print(server.pid, *server.environment().values(), flush=True)\n"
        "sys.stdin.read()\n"
        "server.stop()\n"
    )
    controller = subprocess.Popen(
        [sys.executable, "-P", "-c", program], env={"PYTHONPATH": str(tmp_path)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert controller.stdout is not None
    pid, name = controller.stdout.readline().split()

    asked = {VARIABLE: name}
    before = Provider(asked, tmp_path)
    before.address()
    assert len(children_of(int(pid))) == 1
    with (copy / "localcloud" / "errors.py").open("a") as file:
        file.write("# upgraded\n")
    after = Provider(asked, tmp_path)
    after.address()
    wait_until(lambda: is_gone(int(pid)))  # it stopped; nobody else is answered from old code
    assert [before.end(), after.end()] == [0, 0]
    with controller:
        controller.communicate("", timeout=60)


def test_nobody_is_forked_for_who_says_nothing_or_nonsense(fork_server: ForkServer) -> None:
    for said in (b"", b"nonsense", b"\xff" * 100):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(f"\0{fork_server.environment()[VARIABLE]}")
            connection.sendall(said)
            connection.shutdown(socket.SHUT_WR)
            with contextlib.suppress(ConnectionResetError):
                assert connection.recv(1) == b""
    provider = Provider(fork_server.environment())
    provider.address()
    assert provider.end() == 0


def test_a_certificate_is_made_for_terraform(fork_server: ForkServer) -> None:
    provider = Provider(fork_server.environment(), PLUGIN_CLIENT_CERT="whatever")
    assert provider.process.stdout is not None
    certificate = provider.process.stdout.readline().decode().strip().split("|")[5]
    assert base64.b64decode(certificate + "==").startswith(b"0")
    assert provider.end() == 0
