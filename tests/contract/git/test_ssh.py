"""The repository behind a real OpenSSH server on loopback."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from controller.adapters.clock.memory import MemoryClock
from controller.adapters.git.gitpython import GitRepository
from controller.adapters.git.login import Login
from controller.diagnostics.errors import RepositoryUnreachable, Stalled, Transient
from tests.contract.git.conftest import Upstream
from tests.contract.git.ssh_server import SSHD, SshServer, make_key, ssh_server

pytestmark = pytest.mark.skipif(
    SSHD is None, reason="NOT PROVED: no `sshd` here; install `openssh-server` to prove Git by SSH"
)

Connect = Callable[..., GitRepository]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    with ssh_server(tmp_path_factory.mktemp("sshd")) as serving:
        yield serving


@pytest.fixture
def known(server: SshServer, tmp_path: Path) -> Path:
    file = tmp_path / "known_hosts"
    file.write_text(server.known_hosts())
    return file


@pytest.fixture
def connect(server: SshServer, upstream: Upstream, mirror: Path, known: Path) -> Iterator[Connect]:
    opened: list[GitRepository] = []

    def make(url: str = "", timeout: float = 20.0, **given: Path) -> GitRepository:
        login = Login(**{"ssh_key": server.key, "known_hosts": known, **given})
        place = url or server.url(upstream.origin)
        opened.append(GitRepository(place, "main", mirror, login=login, timeout=timeout))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


async def test_a_key_lets_us_fetch_and_push(upstream: Upstream, connect: Connect) -> None:
    commit = upstream.commit({"a.yaml": "one"})
    repository = connect()
    assert (await repository.fetch()).revision.commit == commit
    assert (await repository.snapshot(commit)).read("a.yaml") == b"one"
    pointers = repository.pointers(MemoryClock())
    await pointers.write({"shop/dev.yaml": "x"}, message="m", expect={})
    assert upstream.log("trueup/promotions", "%s") == ["m"]
    assert await pointers.read() == {"shop/dev.yaml": "x"}


async def test_a_changed_host_key_is_refused_and_named(
    server: SshServer, upstream: Upstream, connect: Connect, known: Path, tmp_path: Path
) -> None:
    upstream.commit({"a.yaml": "one"})
    known.write_text(server.known_hosts(make_key(tmp_path / "another")))
    repository = connect()
    with pytest.raises(RepositoryUnreachable, match="another host key than the known one") as said:
        await repository.fetch()
    assert "in between" in (said.value.diagnostics[0].hint or "")
    known.write_text(server.known_hosts())
    await repository.fetch()


async def test_an_unknown_host_is_refused_and_not_learned(
    upstream: Upstream, connect: Connect, known: Path
) -> None:
    upstream.commit({"a.yaml": "one"})
    known.write_text("")
    with pytest.raises(RepositoryUnreachable, match="unknown SSH host") as said:
        await connect().fetch()
    assert "known_hosts" in (said.value.diagnostics[0].hint or "")
    assert known.read_text() == ""


async def test_a_key_that_is_not_let_in_is_named(
    upstream: Upstream, connect: Connect, tmp_path: Path
) -> None:
    upstream.commit({"a.yaml": "one"})
    with pytest.raises(RepositoryUnreachable, match="does not let us in") as said:
        await connect(ssh_key=make_key(tmp_path / "stranger")).fetch()
    assert "the key" in (said.value.diagnostics[0].hint or "")


@pytest.mark.parametrize(
    ("is_key", "mode", "told"),
    [(False, 0o600, "cannot use the private key"), (True, 0o644, "may be read by others")],
)
async def test_a_key_that_cannot_be_used_is_told_apart_from_a_wrong_one(
    server: SshServer, connect: Connect, tmp_path: Path, is_key: bool, mode: int, told: str
) -> None:
    file = tmp_path / "key"
    file.write_bytes(server.key.read_bytes() if is_key else b"not a key\n")
    file.chmod(mode)
    with pytest.raises(RepositoryUnreachable, match=told):
        await connect(ssh_key=file).fetch()


async def test_a_repository_that_is_not_there_is_said(
    server: SshServer, upstream: Upstream, connect: Connect
) -> None:
    gone = server.url(upstream.origin.with_name("none.git"))
    with pytest.raises(RepositoryUnreachable, match="is not a Git repository"):
        await connect(gone).fetch()


async def test_a_server_that_is_gone_is_tried_again(
    upstream: Upstream, mirror: Path, tmp_path: Path
) -> None:
    commit = upstream.commit({"a.yaml": "one"})
    folder = tmp_path / "short"
    folder.mkdir()
    with ssh_server(folder) as short:
        known = tmp_path / "hosts"
        known.write_text(short.known_hosts())
        login = Login(ssh_key=short.key, known_hosts=known)
        repository = GitRepository(short.url(upstream.origin), "main", mirror, login=login)
        await repository.fetch()
    with pytest.raises(Transient, match="takes no connections"):
        await repository.fetch()
    assert (await repository.snapshot(commit)).read("a.yaml") == b"one"
    repository.close()


async def test_a_server_that_says_nothing_is_left_in_time(
    server: SshServer, connect: Connect
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"ssh://git@127.0.0.1:{silent.getsockname()[1]}/x.git"
        with pytest.raises(Transient, match="does not answer in time"):
            await connect(url, timeout=1.0).fetch()


@pytest.mark.parametrize("user", ["-oProxyCommand=x", "a b", "a$(x)"])
def test_a_user_that_ssh_would_take_for_an_option_is_refused(connect: Connect, user: str) -> None:
    with pytest.raises(Stalled, match="cannot be the address"):
        connect(f"ssh://{user}@127.0.0.1/x.git")
