"""Nothing that a repository, an address or the environment says makes git run anything."""

import asyncio
import os
import socket
import threading
import time
from pathlib import Path

import pytest

from controller.adapters.git import _reading
from controller.adapters.git._addresses import checked_branch, checked_url
from controller.adapters.git._command import GitCommand
from controller.adapters.git.gitpython import GitRepository
from controller.diagnostics.errors import RepositoryUnreachable, Stalled
from controller.model.snapshot import FileKind
from tests.contract.git.conftest import Upstream


@pytest.mark.parametrize(
    "url",
    [
        "ext::sh -c touch% pwned",
        "--upload-pack=touch pwned",
        "-u./x",
        "http://host/x",
        "git://host/x",
        "ftp://host/x",
        "fd::17/foo",
        "https://-oProxyCommand=x/y",
        "ssh://-oProxyCommand=touch/x",
        "-oProxyCommand=x@host:path",
        "user@-host:path",
        "user@host:-path",
        "https://host/a b",
        "https://host/a\nb",
        "/srv/repo\n--upload-pack=x",
        "file://host/path",
        "relative/path",
        "user@host::path",
        "",
    ],
)
def test_an_address_that_could_do_harm_is_refused(url: str):
    with pytest.raises(Stalled, match="cannot be the address"):
        checked_url(url)


def test_a_password_in_the_address_is_refused_and_not_repeated():
    with pytest.raises(Stalled) as raised:
        checked_url("https://me:canary@host/x")
    assert "canary" not in str(raised.value)


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/org/repo.git",
        "https://host:8443/a%20b",
        "ssh://git@host:22/srv/x.git",
        "git@github.com:org/repo.git",
        "file:///srv/my repo",
        "/srv/répo",
    ],
)
def test_an_address_as_people_use_is_taken(url: str):
    assert checked_url(url) == url


@pytest.mark.parametrize(
    "branch",
    [
        "--upload-pack=touch pwned",
        "-x",
        "",
        "a b",
        "a..b",
        "a:b",
        "a\nb",
        "a\u202eb",
        "a\u200bb",
        "a\x9bb",
        "@",
        "a@{1}",
        "/a",
        "a/",
        "a//b",
        ".a",
        "a/.b",
        "a.lock",
        "a~1",
        "a^",
        "a?",
        "a*",
        "a[",
        "a\\b",
        "+a",
    ],
)
def test_a_branch_that_could_do_harm_is_refused(branch: str, upstream: Upstream, mirror: Path):
    if branch == "+a":  # a name for git; as a refspec it comes after `refs/heads/`
        assert checked_branch(branch) == branch
        return
    with pytest.raises(Stalled, match="cannot be the name of a branch"):
        GitRepository(upstream.url, branch, mirror)


def test_git_itself_refuses_other_transports(tmp_path: Path):
    command = GitCommand(tmp_path, {}, 5.0)
    marker = tmp_path / "pwned"
    for url in (f"ext::sh -c touch% {marker}", "http://127.0.0.1:1/x", "git://127.0.0.1:1/x"):
        answer = command.run("ls-remote", url)
        assert answer.code != 0
        assert "not allowed" in answer.error
    assert not marker.exists()


async def test_hooks_filters_and_submodules_run_nothing(
    upstream: Upstream, mirror: Path, tmp_path: Path
):
    marker = tmp_path / "pwned"
    script = f"#!/bin/sh\ntouch {marker}\n"
    (upstream.work / "hooks").mkdir()
    for name in ("post-checkout", "post-merge", "reference-transaction", "pre-receive"):
        (upstream.work / "hooks" / name).write_text(script)
        (upstream.work / "hooks" / name).chmod(0o755)
    upstream.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},module")
    (upstream.work / ".gitmodules").write_text(
        '[submodule "module"]\n\tpath = module\n\turl = ../module\n\tupdate = checkout\n'
    )
    (upstream.work / ".gitattributes").write_text("* filter=evil diff=evil\n")
    (upstream.work / "link").symlink_to("/etc/passwd")
    (upstream.work / "run.sh").write_text(script)
    (upstream.work / "run.sh").chmod(0o755)
    upstream.git("add", "hooks", ".gitmodules", ".gitattributes", "link", "run.sh")
    upstream.git("commit", "-q", "-m", "evil")
    commit = upstream.push()
    hooks = mirror / "hooks"  # not even when somebody has put hooks into the mirror
    for _ in range(2):
        repository = GitRepository(upstream.url, "main", mirror)
        head = await repository.fetch()
        repository.close()
        hooks.mkdir(exist_ok=True)
        (hooks / "reference-transaction").write_text(script)
        (hooks / "reference-transaction").chmod(0o755)
        upstream.commit({"more": str(time.monotonic())})
    repository = GitRepository(upstream.url, "main", mirror)
    await repository.fetch()
    snapshot = await repository.snapshot(commit)
    assert head.revision.branch == "main"
    assert snapshot.files["module"].kind == FileKind.SUBMODULE
    assert snapshot.files["link"].kind == FileKind.SYMLINK
    assert snapshot.files["run.sh"].kind == FileKind.EXECUTABLE
    assert snapshot.read("run.sh") == script.encode()
    for path in ("module", "link"):
        with pytest.raises(Stalled, match="never followed"):
            snapshot.read(path)
    assert not marker.exists()
    assert not list(mirror.glob("*.yaml"))
    repository.close()


async def test_the_environment_and_the_users_configuration_count_for_nothing(
    upstream: Upstream, mirror: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    marker = tmp_path / "pwned"
    configuration = tmp_path / "gitconfig"
    configuration.write_text(f"[core]\n\tfsmonitor = touch {marker}\n[user]\n\tname = Mallory\n")
    for name, value in {
        "GIT_CONFIG_GLOBAL": str(configuration),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.sshCommand",
        "GIT_CONFIG_VALUE_0": f"touch {marker}",
        "GIT_DIR": "/nowhere",
        "GIT_WORK_TREE": "/nowhere",
        "GIT_EXTERNAL_DIFF": f"touch {marker}",
        "GIT_PROXY_COMMAND": f"touch {marker}",
        "GIT_INDEX_FILE": "/nowhere",
        "GIT_NAMESPACE": "elsewhere",
        "HOME": str(tmp_path),
    }.items():
        monkeypatch.setenv(name, value)
    commit = upstream.commit({"a.yaml": "one\n"})
    repository = GitRepository(upstream.url, "main", mirror)
    assert (await repository.fetch()).revision.commit == commit
    told = repository._mirror.command.run("config", "--list", "--show-origin").text
    assert "Mallory" not in told
    assert "/nowhere" not in told
    repository.close()
    assert not marker.exists()


STRANGE = {
    b"new\nline.yaml": "new\nline.yaml",
    b'quo"te.yaml': 'quo"te.yaml',
    b"back\\slash.yaml": "back\\slash.yaml",
    b"tab\t.yaml": "tab\t.yaml",
    "ümläut/日本.yaml".encode(): "ümläut/日本.yaml",
    b" leading space": " leading space",
    b"-dash.yaml": "-dash.yaml",
    b"$(touch pwned)": "$(touch pwned)",
}


async def test_strange_paths_are_listed_as_they_are(upstream: Upstream, repository: GitRepository):
    blob = upstream.git("hash-object", "-w", "--stdin", given=b"text\n")
    bad = b"latin\xe9.yaml"
    entries = b"".join(
        b"100644 %s\t%s\0" % (blob.encode(), path) for path in [*STRANGE, bad, b"plain.yaml"]
    )
    upstream.git("update-index", "-z", "--index-info", given=entries)
    upstream.git("commit", "-q", "-m", "strange \xff".encode("utf-8", "replace").decode())
    commit = upstream.push()
    await repository.fetch()
    snapshot = await repository.snapshot(commit)
    assert set(snapshot.files) == {*STRANGE.values(), "plain.yaml"}
    assert all(snapshot.read(path) == b"text\n" for path in snapshot.files)
    assert snapshot.skipped == ("latin\\xe9.yaml",)


async def test_a_path_into_git_is_refused_by_gits_own_check(
    upstream: Upstream, repository: GitRepository
):
    blob = upstream.git("hash-object", "-w", "--stdin", given=b"[core]\n")
    tree = upstream.git("mktree", given=f"100644 blob {blob}\tconfig\n".encode())
    top = upstream.git("mktree", given=f"040000 tree {tree}\t.git\n".encode())
    commit = upstream.git("commit-tree", "-m", "evil", top)
    upstream.git("push", "-q", "origin", f"{commit}:refs/heads/main")
    with pytest.raises(Stalled, match="git's own check refuses"):
        await repository.fetch()


async def test_a_file_that_is_too_large_is_listed_and_not_read(
    upstream: Upstream, repository: GitRepository, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(_reading, "LARGEST_FILE", 1000)
    commit = upstream.commit({"large": "x" * 1001})
    await repository.fetch()
    snapshot = await repository.snapshot(commit)
    with pytest.raises(Stalled, match="1,001 bytes; expected at most 1,000"):
        snapshot.read("large")


async def test_a_server_that_never_answers_is_given_up(mirror: Path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"https://127.0.0.1:{server.getsockname()[1]}/x.git"
        repository = GitRepository(url, "main", mirror, timeout=1.0)
        begun = time.monotonic()
        with pytest.raises(RepositoryUnreachable, match="does not answer in time"):
            await repository.fetch()
        assert time.monotonic() - begun < 10
        repository.close()


async def test_a_fetch_that_is_cancelled_ends_its_process(mirror: Path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"https://127.0.0.1:{server.getsockname()[1]}/x.git"
        repository = GitRepository(url, "main", mirror, timeout=60.0)
        begun = time.monotonic()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await repository.fetch()
        assert time.monotonic() - begun < 10
        repository.close()
        other = GitRepository(url, "main", mirror, timeout=0.5)  # nobody holds the mirror now
        with pytest.raises(RepositoryUnreachable):
            await other.fetch()
        other.close()


async def test_threads_may_read_one_snapshot(upstream: Upstream, repository: GitRepository):
    wanted = {f"{number}.yaml": f"{number}\n" * (number + 1) for number in range(50)}
    commit = upstream.commit(dict(wanted))
    await repository.fetch()
    snapshot = await repository.snapshot(commit)
    wrong: list[str] = []

    def look() -> None:
        for path, text in wanted.items():
            if snapshot.read(path) != text.encode():
                wrong.append(path)

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


async def test_the_mirror_is_for_its_owner_alone(
    upstream: Upstream, repository: GitRepository, mirror: Path
):
    upstream.commit({"a": "b"})
    await repository.fetch()
    assert os.stat(mirror).st_mode & 0o077 == 0  # noqa: PTH116
