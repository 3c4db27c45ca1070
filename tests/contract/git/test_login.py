"""How git logs in: over HTTPS at a real server, over SSH as far as its command."""

import base64
import shlex
from pathlib import Path

import pytest

from controller.adapters.clock.memory import MemoryClock
from controller.adapters.git.gitpython import GitRepository
from controller.adapters.git.login import Login
from controller.diagnostics.errors import RepositoryUnreachable, Stalled
from tests.contract.git.conftest import Upstream
from tests.contract.git.https_server import Server, https_server

CANARY = "canary-token-7f3a"
BASIC = "Basic " + base64.b64encode(f"x-access-token:{CANARY}".encode()).decode()


@pytest.fixture
def server(upstream: Upstream, tmp_path: Path):
    upstream.run(upstream.origin, "config", "http.receivepack", "true")
    with https_server(upstream.origin.parent, tmp_path) as serving:
        serving.wanted = BASIC
        yield serving


@pytest.fixture
def token(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    file.write_text(f"{CANARY}\n")
    return file


@pytest.fixture
def connect(server: Server, mirror: Path, token: Path):
    opened = []

    def make(url: str = "", **given) -> GitRepository:
        login = Login(**{"token_file": token, "ca_file": server.ca_file, **given})
        opened.append(
            GitRepository(url or server.url(), "main", mirror, login=login, timeout=120.0)
        )
        return opened[-1]

    yield make
    for each in opened:
        each.close()


async def test_a_token_lets_us_fetch_and_push(upstream: Upstream, connect):
    commit = upstream.commit({"a.yaml": "one"})
    repository = connect()
    assert (await repository.fetch()).revision.commit == commit
    assert (await repository.snapshot(commit)).read("a.yaml") == b"one"
    pointers = repository.pointers(MemoryClock())
    await pointers.write({"shop/dev.yaml": "x"}, message="m", expect={})
    assert await pointers.read() == {"shop/dev.yaml": "x"}


async def test_a_token_may_be_sent_as_bearer_and_for_another_user(upstream, server, connect):
    commit = upstream.commit({"a.yaml": "one"})
    server.wanted = f"Bearer {CANARY}"
    assert (await connect(bearer=True).fetch()).revision.commit == commit


async def test_a_token_is_read_anew_at_each_use(upstream, server, connect, token):
    upstream.commit({"a.yaml": "one"})
    repository = connect()
    await repository.fetch()
    server.wanted = "Basic " + base64.b64encode(b"x-access-token:second").decode()
    with pytest.raises(RepositoryUnreachable, match="credentials"):
        await repository.fetch()
    token.write_text("second")
    await repository.fetch()


@pytest.mark.parametrize("content", ["", "two words", "a\nb", "é", "x" * 9000])
async def test_a_file_that_holds_no_token_is_refused_unseen(upstream, connect, token, content):
    token.write_text(content)
    with pytest.raises(Stalled, match="does not hold a token") as raised:
        await connect().fetch()
    assert not content or content not in str(raised.value)


async def test_a_token_file_that_is_gone_is_said(upstream, connect, token):
    token.unlink()
    with pytest.raises(Stalled, match="cannot be read"):
        await connect().fetch()


async def test_the_token_is_on_no_command_line_and_in_no_file(
    upstream, server, connect, mirror, monkeypatch
):
    from controller.adapters.git import _command

    upstream.commit({"a.yaml": "one"})
    repository = connect()
    lines: list[str] = []
    told: dict[str, set[str]] = {}
    start = _command.GitCommand.start

    def watched(self, *arguments, environment=None):
        process = start(self, *arguments, environment=environment)
        lines.append(" ".join(map(str, process.args)))
        values = " ".join((environment or {}).values())
        told.setdefault(arguments[0], set()).add("yes" if "Authorization" in values else "no")
        return process

    monkeypatch.setattr(_command.GitCommand, "start", watched)
    await repository.fetch()
    await repository.pointers(MemoryClock()).write({"a": "b"}, message="m", expect={})
    hidden = BASIC.removeprefix("Basic ")
    assert not [line for line in lines if CANARY in line or hidden in line]
    assert {name for name, found in told.items() if found == {"yes"}} == {"fetch", "push"}
    assert "yes" not in set().union(*(told[name] for name in told.keys() - {"fetch", "push"}))
    kept = b"".join(path.read_bytes() for path in mirror.parent.rglob("*") if path.is_file())
    assert CANARY.encode() not in kept
    assert hidden.encode() not in kept


async def test_a_token_is_not_sent_where_the_server_sends_us(upstream, server, connect, tmp_path):
    upstream.commit({"a.yaml": "one"})
    (tmp_path / "other").mkdir()
    with https_server(upstream.origin.parent, tmp_path / "other") as other:
        server.redirect = f"https://127.0.0.1:{other.port}"
        with pytest.raises(RepositoryUnreachable, match="sends us elsewhere"):
            await connect().fetch()
        assert other.seen == []


async def test_a_server_that_cannot_prove_who_it_is_gets_no_token(upstream, server, connect):
    upstream.commit({"a.yaml": "one"})
    with pytest.raises(RepositoryUnreachable, match="certificate that is not trusted"):
        await connect(ca_file=None).fetch()
    assert server.seen == []


async def test_without_a_token_the_settings_are_named(upstream, server, connect):
    upstream.commit({"a.yaml": "one"})
    with pytest.raises(RepositoryUnreachable, match="wants credentials"):
        await connect(token_file=None).fetch()


async def test_a_proxy_is_used(upstream, connect):
    with pytest.raises(RepositoryUnreachable, match="takes no connections"):
        await connect(proxy="http://127.0.0.1:1").fetch()


@pytest.mark.parametrize(
    "given",
    [
        {"proxy": "http://me:secret@host:1"},
        {"proxy": "--upload-pack=x"},
        {"proxy": "http://host/$(x)"},
        {"username": "a:b"},
        {"username": "a\nb"},
        {"username": ""},
        {"ssh_key": Path("/keys/$(touch pwned)")},
        {"ssh_key": Path("/keys/my key")},
        {"known_hosts": Path("/keys/%h")},
        {"known_hosts": Path('/keys/"x')},
        {"known_hosts": Path("/keys/a\nProxyCommand=x")},
    ],
)
def test_what_could_do_harm_is_refused(mirror: Path, given):
    with pytest.raises(Stalled) as raised:
        GitRepository("https://host/x", "main", mirror, login=Login(**given))
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("url", ["git@host:x", "ssh://host/x", "/srv/x", "file:///srv/x"])
def test_a_token_goes_with_https_alone(mirror: Path, url: str):
    with pytest.raises(Stalled, match="does not begin with `https://`"):
        GitRepository(url, "main", mirror, login=Login(token_file=Path("/x")))


def test_ssh_asks_nothing_and_trusts_known_hosts_alone():
    plain = shlex.split(Login().ssh_command())
    own = shlex.split(
        Login(ssh_key=Path("/keys/id"), known_hosts=Path("/keys/hosts")).ssh_command()
    )
    for words in (plain, own):
        assert words[0] == "ssh"
        assert {"BatchMode=yes", "StrictHostKeyChecking=yes"} <= set(words)
    assert own[own.index("-i") + 1] == "/keys/id"
    assert own[own.index("-F") + 1] == "/dev/null"
    assert "UserKnownHostsFile=/keys/hosts" in own
    assert "IdentitiesOnly=yes" in own


async def test_git_starts_ssh_with_our_command_and_nothing_else(
    mirror: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from controller.adapters.git import _command

    told = tmp_path / "told"
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "ssh").write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {told}\nexit 255\n')
    (folder / "ssh").chmod(0o755)
    path = f"{folder}:{_command._ENVIRONMENT['PATH']}"
    monkeypatch.setitem(_command._ENVIRONMENT, "PATH", path)
    for name in ("id", "hosts"):
        (tmp_path / name).write_text("")
    login = Login(ssh_key=tmp_path / "id", known_hosts=tmp_path / "hosts")
    repository = GitRepository("ssh://git@host:2222/x.git", "main", mirror, login=login)
    with pytest.raises(RepositoryUnreachable):
        await repository.fetch()
    repository.close()
    words = told.read_text().splitlines()
    assert "StrictHostKeyChecking=yes" in words
    assert words[words.index("-i") + 1] == str(tmp_path / "id")
    assert words[words.index("-p") + 1] == "2222"
    assert words[-2:] == ["git@host", "git-upload-pack '/x.git'"]


@pytest.mark.parametrize("missing", ["ssh_key", "known_hosts"])
async def test_a_key_that_is_gone_is_said(mirror: Path, tmp_path: Path, missing: str):
    login = Login(**{missing: tmp_path / "gone"})
    repository = GitRepository("ssh://git@127.0.0.1:1/x", "main", mirror, login=login)
    with pytest.raises(Stalled, match="cannot be read"):
        await repository.fetch()
    repository.close()
