"""The embedded server: killed, orphaned, moved, and looked at from outside."""

import asyncio
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from controller.adapters.secret_store import _rights, embedded
from controller.adapters.secret_store._process import Known
from controller.adapters.secret_store.embedded import EmbeddedOpenBao
from controller.diagnostics.errors import Stalled, StateLocked, StoreUnreachable, TrueupError
from tests.contract.secret_store.made import CANARY, WHERE

pytestmark = pytest.mark.slow

CONTROLLER = """
import asyncio, sys, time
from pathlib import Path
from controller.adapters.secret_store import _process, embedded
if "unbound" in sys.argv:
    _process._bound_to = lambda parent: None
server = asyncio.run(embedded.EmbeddedOpenBao.start(Path(sys.argv[1])))
print(server.pid, flush=True)
time.sleep(300)
"""


class Controllers:
    """Controllers in processes of their own; none of them, nor its server, is left behind."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._started: list[subprocess.Popen[str]] = []

    def start(self, *words: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-c", CONTROLLER, str(self.folder), *words],
            cwd=Path(__file__).parents[3],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._started.append(process)
        return process

    def end(self) -> None:
        for process in self._started:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
        assert eventually(lambda: not servers(self.folder)), servers(self.folder)


def servers(folder: Path) -> list[int]:
    return [
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if any(str(folder) in word for word in process.info["cmdline"] or [])
        and "server" in (process.info["cmdline"] or [])
    ]


def eventually(is_true: Callable[[], bool], seconds: float = 10) -> bool:
    until = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Iterator[Path]:
    yield Path(shutil.copytree(made, tmp_path / "bao"))
    for left in tmp_path.iterdir():  # 35 MB, of which pytest would keep three
        shutil.rmtree(left, ignore_errors=True)


@pytest.fixture
def controllers(folder: Path) -> Iterator[Controllers]:
    started = Controllers(folder)
    yield started
    started.end()


async def works(folder: Path, *, holds: bool = True) -> None:
    server = await EmbeddedOpenBao.start(folder)
    try:
        store = await server.connect()
        found = await store.read(WHERE)
        assert found == ({"value": CANARY} if holds else None)
        description = await store.describe(WHERE)
        await store.write(
            WHERE, {"value": CANARY}, expect=0 if description is None else description.version
        )
        await store.close()
    finally:
        await server.stop()
    assert not (folder / "staging").exists()
    assert servers(folder) == []


async def test_a_setup_that_was_killed_at_any_moment_is_begun_anew(
    made: Path, tmp_path: Path
) -> None:
    controllers = Controllers(tmp_path / "bao")
    try:
        for seconds in (1.0, 2.0):
            process = controllers.start()
            await asyncio.sleep(seconds)
            process.kill()
            process.wait()
    finally:
        controllers.end()
    assert not (controllers.folder / "server").exists()
    shutil.rmtree(controllers.folder / "staging", ignore_errors=True)
    shutil.copytree(made / "server", controllers.folder / "staging")  # just before it is renamed
    await works(controllers.folder, holds=False)
    shutil.rmtree(controllers.folder)


async def test_a_controller_that_was_killed_after_the_setup_works(folder: Path) -> None:
    (folder / "port").unlink()
    await works(folder)


async def test_a_killed_controller_leaves_no_server(folder: Path, controllers: Controllers) -> None:
    process = controllers.start()
    assert process.stdout is not None
    pid = int(process.stdout.readline())
    process.kill()
    assert eventually(lambda: Known.of(pid) is None, 5)
    await works(folder)


async def test_an_orphan_of_a_dead_controller_is_ended(
    folder: Path, controllers: Controllers
) -> None:
    process = controllers.start("unbound")
    assert process.stdout is not None
    pid = int(process.stdout.readline())
    process.kill()
    process.wait()
    await asyncio.sleep(0.2)
    assert servers(folder) == [pid]
    await works(folder)
    assert Known.of(pid) is None


async def test_a_server_that_is_not_known_is_left_alone(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("controller.adapters.secret_store._process.STOP_SECONDS", 0.3)
    (tmp_path / "server").write_text("import time; time.sleep(60)")
    words = ["bao", "server", f"-config={folder}/server.hcl"]
    stranger = subprocess.Popen(  # noqa: ASYNC220 - no time is lost
        words, executable=sys.executable, cwd=tmp_path
    )
    try:
        assert eventually(lambda: servers(folder) == [stranger.pid])
        with pytest.raises(StateLocked, match=str(stranger.pid)):
            await EmbeddedOpenBao.start(folder)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


async def test_a_folder_in_use_is_refused(folder: Path) -> None:
    server = await EmbeddedOpenBao.start(folder)
    with pytest.raises(StateLocked, match="another controller"):
        await EmbeddedOpenBao.start(folder)
    await server.stop()
    await server.stop()


async def test_a_port_that_was_taken_is_changed_but_one_that_was_asked_for_is_not(
    folder: Path,
) -> None:
    with socket.socket() as occupied:
        occupied.bind(("127.0.0.1", 0))
        occupied.listen()
        port = occupied.getsockname()[1]
        (folder / "port").write_text(str(port))
        server = await EmbeddedOpenBao.start(folder)
        address = server.address
        assert not address.endswith(f":{port}")
        await server.stop()
        with pytest.raises(Stalled, match=f"{port}"):
            await EmbeddedOpenBao.start(folder, port=port)
    again = await EmbeddedOpenBao.start(folder)
    assert again.address == address
    await again.stop()


async def test_a_folder_can_be_moved(folder: Path, tmp_path: Path) -> None:
    await works(folder.rename(tmp_path / "else where"))


async def test_a_server_that_died_is_started_again_and_a_large_audit_file_replaced(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = await EmbeddedOpenBao.start(folder)
    address = server.address
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    store = None
    try:
        assert await asyncio.to_thread(
            eventually, lambda: server._process is None or server._process.poll() is not None
        )
        await server.tend()
        assert server.address == address
        store = await server.connect()
        monkeypatch.setattr(embedded, "AUDIT_BYTES", 100)
        await server.tend()
        assert await asyncio.to_thread(eventually, (folder / "audit" / "audit.log").exists)
        before = (folder / "audit" / "audit.log").stat().st_size
        assert await store.read(WHERE) == {"value": CANARY}
        assert (folder / "audit" / "audit.log").stat().st_size > before
    finally:
        if store is not None:
            await store.close()
        await server.stop()


async def test_a_full_disk_stops_everything_and_is_left_by_itself(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = await EmbeddedOpenBao.start(folder)
    store = await server.connect()
    try:
        assert not server.health().is_full
        audit = folder / "audit" / "audit.log"
        audit.unlink()
        audit.symlink_to("/dev/full")
        monkeypatch.setattr(embedded, "FULL_BYTES", 1 << 60)
        assert server.pid is not None
        os.kill(server.pid, signal.SIGHUP)
        assert await asyncio.to_thread(eventually, lambda: not asyncio.run(answers(folder)))
        assert server.health().is_full
        await server.tend()
        audit.unlink()
        monkeypatch.setattr(embedded, "FULL_BYTES", 0)
        await server.tend()
        assert await asyncio.to_thread(eventually, lambda: asyncio.run(answers(folder)))
    finally:
        await store.close()
        await server.stop()


async def answers(folder: Path) -> bool:
    try:
        store = await embedded.attach(folder)
    except TrueupError:
        return False
    await store.close()
    return True


async def test_rights_are_brought_up_to_date_at_a_start(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fewer = _rights.POLICY.replace("sys/storage/raft/snapshot", "sys/nothing")
    with monkeypatch.context() as earlier:
        earlier.setattr(_rights, "POLICY", fewer)
        assert await takes_snapshot(folder, tmp_path / "one") is False
    assert await takes_snapshot(folder, tmp_path / "two") is True


async def takes_snapshot(folder: Path, out: Path) -> bool:
    server = await EmbeddedOpenBao.start(folder)
    store = await server.connect()
    try:
        return await store.snapshot(out) > 0
    except Stalled:
        return False
    finally:
        await store.close()
        await server.stop()


async def test_nothing_secret_can_be_seen_from_outside(folder: Path) -> None:
    server = await EmbeddedOpenBao.start(folder)
    try:
        store = await server.connect()
        await store.read(WHERE)
        process = psutil.Process(server.pid)
        secrets = [CANARY.reveal(), store._client.token]
        secrets += [path.read_text() for path in (folder / "server" / "login").iterdir()]
        seen = " ".join(process.cmdline()) + str(process.environ())
        for file in ("server.log", "audit/audit.log", "server.hcl", "staging.hcl", "running.json"):
            seen += (folder / file).read_text()
        assert [secret for secret in secrets if secret in seen] == []
        assert set(process.environ()) == {"PATH", "HOME"}
        for path in (folder, *folder.rglob("*")):
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
        listening = {c.laddr.ip for c in process.net_connections() if c.status == "LISTEN"}
        assert listening == {"127.0.0.1"}
        await store.close()
    finally:
        await server.stop()


async def test_a_server_that_does_not_become_ready_tells_its_log(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "READY_SECONDS", 1.0)
    (folder / "server" / "seal" / "key").write_bytes(b"x" * 32)
    with pytest.raises(StoreUnreachable, match=r"not ready in 1 s: .*authentication failed"):
        await EmbeddedOpenBao.start(folder)
    assert servers(folder) == []
