"""States that lie elsewhere: the same promises for every backend, on real servers."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from controller.adapters.engine import _holders, command, embedded
from controller.adapters.engine.environment import build_environment
from controller.diagnostics.errors import EngineFailed, EngineRefused, StateLocked
from controller.diagnostics.secret import SecretText
from controller.model.backend import backend_block
from controller.model.names import UnitName
from controller.model.plan import Action
from controller.ports.engine import Engine
from controller.wiring.state_logins import StateLogin
from schemas.state_backends import HttpState, LocalState, PostgresState, S3State, State
from tests.contract.engine.engine_worlds import RealWorld, wait_for, wait_until_noted
from tests.support.state_servers import (
    LOGIN,
    PG,
    StateServer,
    bucket_server,
    database_server,
)

pytestmark = pytest.mark.slow

BACKENDS = ["local", "http", "s3", *(["pg"] if PG.is_dir() else [])]
ENGINES = [name for name in ("terraform", "tofu") if shutil.which(name)] or ["embedded"]


@dataclass
class Servers:
    stack: ExitStack
    folder: Path
    http: StateServer
    found: dict[str, State] = field(default_factory=dict)

    def get(self, backend: str) -> State:
        if backend not in self.found:
            self.found[backend] = self._start(backend)
        return self.found[backend]

    def _start(self, backend: str) -> State:
        if backend == "http":
            return HttpState(backend="http", address=self.http.address)
        if backend == "s3":
            address = self.stack.enter_context(bucket_server("states"))
            return S3State(
                backend="s3", bucket="states", region="us-east-1", endpoint=address,
                usePathStyle=True,
            )  # fmt: skip
        if backend == "pg":
            address = self.stack.enter_context(database_server(self.folder / "pg"))
            return PostgresState(backend="pg", address=address)
        return LocalState()


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with ExitStack() as stack:
        server = StateServer()
        stack.callback(server.close)
        yield Servers(stack, tmp_path_factory.mktemp("servers"), server)


@pytest.fixture(autouse=True)
def well(servers: Servers) -> None:
    servers.http.failing = servers.http.refuse_posts = False
    servers.http.locks.clear()


@dataclass
class Remote:
    """An engine with a login, and roots whose state is where a backend says."""

    engine: Engine
    state: State
    world: RealWorld
    folder: Path

    def write(self, name: str, *, slow: bool = False, size: int = 1) -> Path:
        directory = self.world.write_slow(name) if slow else self.world.write(name, size)
        block = backend_block(self.state, UnitName("shop", self.folder.name[:20].lower(), name))
        (directory / "backend.tf.json").write_text(json.dumps({"terraform": {"backend": block}}))
        return directory

    async def applied(self, name: str) -> Path:
        directory = self.write(name)
        await self.engine.init(directory)
        await self.engine.plan(directory)
        await self.engine.apply(directory)
        return directory


async def connect(engine: str, folder: Path, backend: str) -> Engine:
    file = folder / "login.yaml"
    if backend == "s3":
        file.write_text(json.dumps({"access_key": "AKIATRUEUP", "secret_key": LOGIN[1]}))
    else:
        file.write_text(json.dumps({"username": LOGIN[0], "password": LOGIN[1]}))
    login = StateLogin.read("dev", file, folder / "private")
    environment = build_environment(folder / "home", path=os.environ["PATH"], extras=login.extras)
    if engine == "embedded":
        return await embedded.connect(environment, size=1, backend_config=login.backend_config)
    return await command.connect(engine, environment, backend_config=login.backend_config)


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(params=ENGINES[:1])
async def remote(
    request: pytest.FixtureRequest, backend: str, servers: Servers, tmp_path: Path
) -> AsyncIterator[Remote]:
    engine = await connect(request.param, tmp_path, backend)
    slug = tmp_path.name.replace("_", "-").strip("-")[-18:].strip("-") + str(os.getpid())
    folder = tmp_path / slug
    yield Remote(engine, servers.get(backend), RealWorld(engine, folder / "units"), folder)
    await engine.close()


def files_with(folder: Path, text: str) -> list[str]:
    return [
        path.name
        for path in folder.rglob("*")
        if path.is_file() and text.encode() in path.read_bytes()
    ]


@pytest.mark.parametrize("remote", sorted({ENGINES[0], "embedded"}), indirect=True)
async def test_an_apply_a_second_one_and_a_state_pushed_back(remote: Remote) -> None:
    directory = await remote.applied("a")
    first = await remote.engine.state(directory)
    assert first is not None
    assert first.resources == (remote.world.address,)
    plan = await remote.engine.plan(directory)
    assert (plan.changes, plan.outputs_change) == ((), False)
    remote.write("a", size=2)
    await remote.engine.plan(directory)
    await remote.engine.apply(directory)
    second = await remote.engine.state(directory)
    assert second is not None

    with pytest.raises(EngineRefused, match="cannot be written over"):
        await remote.engine.push_state(directory, first.content)
    again = json.loads(first.content.reveal()) | {"serial": second.serial + 5}
    await remote.engine.push_state(directory, SecretText(json.dumps(again)))

    found = await remote.engine.state(directory)
    assert found is not None
    assert found.serial >= second.serial + 5  # Terraform may add one
    assert found.outputs == {"size": 1}
    assert not (directory / ".trueup" / "pushed.tfstate").exists()
    assert files_with(directory, LOGIN[1]) == []


async def test_a_lock_that_is_held_is_told_and_never_broken(remote: Remote, backend: str) -> None:
    directory = remote.write("a", slow=True)
    await remote.engine.init(directory)
    await remote.engine.plan(directory)
    task = asyncio.ensure_future(remote.engine.apply(directory))
    try:
        await wait_for(directory / "started")
        with pytest.raises(StateLocked, match="@") as refused:
            await remote.engine.plan(directory)
        assert _holders.host() in str(refused.value)
        holder = await remote.engine.lock_holder(directory)
        assert await remote.engine.break_orphan(directory) is None
        if backend != "pg":  # a database tells nobody whose a lock is
            assert holder is not None
            assert holder.id in str(refused.value)
            with pytest.raises(StateLocked, match="alive"):
                await remote.engine.force_unlock(directory, holder.id)
    finally:
        (directory / "go").touch()
        await task
    assert await remote.engine.lock_holder(directory) is None


async def test_an_engine_killed_in_mid_apply_leaves_nothing_that_does_not_heal(
    remote: Remote, backend: str
) -> None:
    directory = remote.write("a", slow=True)
    await remote.engine.init(directory)
    await remote.engine.plan(directory)
    pids: list[int] = []

    async def note(process) -> None:
        pids.append(process.pid)

    task = asyncio.ensure_future(remote.engine.apply(directory, on_process=note))
    await wait_for(directory / "started")
    await wait_until_noted(directory, "terraform_data.slow")
    engine = psutil.Process(pids[0])
    for each in [engine, *engine.children(recursive=True)]:  # the engine first: it must not notice
        with contextlib.suppress(psutil.NoSuchProcess):
            each.send_signal(signal.SIGKILL)
    with pytest.raises(EngineFailed, match=r"signal 9|died"):
        await task
    (directory / "go").touch()
    held = await remote.engine.lock_holder(directory)
    assert (held is not None) == (backend in {"http", "s3"})

    broken = await remote.engine.break_orphan(directory)
    assert broken == held
    with pytest.raises(EngineFailed, match="slow` was begun"):
        await remote.engine.plan(directory)
    state = await remote.engine.state(directory)
    assert state is not None
    assert state.resources == (remote.world.address,)  # taken in by its id where it was lost

    plan = await remote.engine.plan(directory)
    assert [(c.address, c.action) for c in plan.changes if c.action == Action.CREATE] == [
        ("terraform_data.slow", Action.CREATE)
    ]
    await remote.engine.apply(directory)
    assert (await remote.engine.plan(directory)).changes == ()


async def test_a_backend_that_goes_away_in_mid_apply_gets_the_state_later(
    servers: Servers, tmp_path: Path
) -> None:
    engine = await connect(ENGINES[0], tmp_path, "http")
    remote = Remote(engine, servers.get("http"), RealWorld(engine, tmp_path / "u"), tmp_path)
    directory = remote.write("gone", slow=True)
    await engine.init(directory)
    await engine.plan(directory)
    task = asyncio.ensure_future(engine.apply(directory))
    await wait_for(directory / "started")
    servers.http.failing = True
    (directory / "go").touch()
    with pytest.raises(EngineFailed, match="could not be saved"):
        await task
    assert (directory / "errored.tfstate").is_file()
    servers.http.failing = False

    with pytest.raises(StateLocked):  # by the apply that could not give it back
        await engine.plan(directory)
    assert await engine.break_orphan(directory) is not None
    plan = await engine.plan(directory)

    assert plan.changes == ()
    assert not (directory / "errored.tfstate").exists()
    state = await engine.state(directory)
    assert state is not None
    assert len(state.resources) == 2


async def test_a_lock_of_somebody_else_is_not_broken_without_being_asked(
    servers: Servers, tmp_path: Path
) -> None:
    engine = await connect(ENGINES[0], tmp_path, "http")
    remote = Remote(engine, servers.get("http"), RealWorld(engine, tmp_path / "u"), tmp_path)
    directory = await remote.applied("strange")
    path = next(path for path in servers.http.states if path.endswith(".strange"))
    stranger = {"ID": "5f5e", "Who": "ann@laptop", "Operation": "OperationTypeApply",
                "Created": "2026-11-01T10:00:00.5Z"}  # fmt: skip
    servers.http.locks[path] = stranger
    with pytest.raises(StateLocked, match="ann@laptop"):
        await engine.plan(directory)
    assert await engine.break_orphan(directory) is None
    with pytest.raises(EngineRefused, match="no lock `other`"):
        await engine.force_unlock(directory, "other")
    assert servers.http.locks[path] == stranger

    await engine.force_unlock(directory, "5f5e")

    assert path not in servers.http.locks
    assert (await engine.plan(directory)).changes == ()
    # Not even with this machine's name: no process of ours was about to lock at that time.
    servers.http.locks[path] = {**stranger, "Who": f"root@{_holders.host()}"}
    assert await engine.break_orphan(directory) is None
    servers.http.locks.clear()
