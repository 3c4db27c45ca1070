"""The mirror outlives killed processes, broken disks and other people's folders."""

import asyncio
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from controller.adapters.clock.memory import MemoryClock
from controller.adapters.git import _mirror as mirror_module
from controller.adapters.git._pointers import GitPointers
from controller.adapters.git.gitpython import GitRepository
from controller.diagnostics.errors import RepositoryUnreachable, Stalled
from controller.model.names import Commit
from tests.contract.git.conftest import POINTERS, Upstream


async def test_locks_and_temporary_files_of_dead_processes_are_removed(
    upstream: Upstream, mirror: Path
):
    upstream.commit({"a.yaml": "one\n"})
    repository = GitRepository(upstream.url, "main", mirror)
    await repository.fetch()
    repository.close()
    left = [
        mirror / "packed-refs.lock",
        mirror / "config.lock",
        mirror / "HEAD.lock",
        mirror / "shallow.lock",
        mirror / "refs" / "trueup" / "watched.lock",
        mirror / "objects" / "pack" / "tmp_pack_x",
        mirror / "gc.pid",
        mirror / "trueup-index.lock",
    ]
    for path in left:
        path.write_text("")
    commit = upstream.commit({"a.yaml": "two\n"})
    again = GitRepository(upstream.url, "main", mirror)
    assert (await again.fetch()).revision.commit == commit
    await again.pointers(MemoryClock()).write({"a": "b"}, message="m", expect={})
    assert not [path for path in left if path.exists()]
    again.close()


async def test_a_mirror_in_use_is_told_and_its_locks_are_left_alone(
    upstream: Upstream, repository: GitRepository, mirror: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(mirror_module, "_PATIENCE", 0.3)
    upstream.commit({"a.yaml": "one\n"})
    await repository.fetch()
    second = GitRepository(upstream.url, "main", mirror)
    with pytest.raises(Stalled, match="in use by another process"):
        await second.fetch()
    second.close()


async def test_a_git_that_outlives_its_controller_keeps_the_mirror(
    upstream: Upstream, mirror: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(mirror_module, "_PATIENCE", 0.3)
    upstream.commit({"a.yaml": "one\n"})
    first = GitRepository(upstream.url, "main", mirror)
    await first.fetch()
    orphan = first._mirror.command.start("cat-file", "--batch")
    first.close()
    second = GitRepository(upstream.url, "main", mirror)
    with pytest.raises(Stalled, match="git that it left behind"):
        await second.fetch()
    orphan.communicate()
    await second.fetch()
    second.close()


@pytest.mark.parametrize(
    "damage",
    [
        "chmod -R u+w objects && find objects -type f -exec truncate -s 0 {} +",
        "rm -rf objects",
        "rm -rf refs HEAD",
        "echo broken > config",
        "truncate -s 0 refs/trueup/watched",
        "rm -rf objects/[0-7]*",
        "echo 1111111111111111111111111111111111111111 > refs/trueup/watched",
    ],
)
async def test_a_damaged_mirror_is_made_anew(upstream: Upstream, mirror: Path, damage: str):
    upstream.commit({f"{number}.yaml": f"{number}\n" for number in range(20)})
    repository = GitRepository(upstream.url, "main", mirror)
    await repository.fetch()
    repository.close()
    await asyncio.to_thread(subprocess.run, ["sh", "-c", damage], cwd=mirror, check=True)
    commit = upstream.commit({"a.yaml": "two\n"})
    again = GitRepository(upstream.url, "main", mirror)
    assert (await again.fetch()).revision.commit == commit
    snapshot = await again.snapshot(commit)
    assert [snapshot.read(path) for path in ("a.yaml", "7.yaml")] == [b"two\n", b"7\n"]
    again.close()


async def test_damage_found_while_reading_is_mended_by_the_next_fetch(
    upstream: Upstream, repository: GitRepository, mirror: Path
):
    commit = upstream.commit({"a.yaml": "one\n"})
    await repository.fetch()
    snapshot = await repository.snapshot(commit)
    repository._mirror.objects.close()  # it may hold the pack open
    for path in (mirror / "objects").rglob("*"):
        if path.is_file():
            path.unlink()
    with pytest.raises(RepositoryUnreachable):
        snapshot.read("a.yaml")
    assert (await repository.fetch()).revision.commit == commit
    assert snapshot.read("a.yaml") == b"one\n"


async def test_a_folder_of_somebody_else_is_left_alone(upstream: Upstream, mirror: Path):
    mirror.mkdir(parents=True)
    (mirror / "thesis.txt").write_text("years of work")
    repository = GitRepository(upstream.url, "main", mirror)
    with pytest.raises(Stalled, match="no mirror of Trueup"):
        await repository.fetch()
    assert (mirror / "thesis.txt").read_text() == "years of work"
    repository.close()


async def test_a_mirror_of_another_address_is_made_anew(
    upstream: Upstream, mirror: Path, tmp_path: Path
):
    upstream.commit({"a.yaml": "one\n"})
    (tmp_path / "other").mkdir()
    other = Upstream(tmp_path / "other")
    commit = other.commit({"b.yaml": "two\n"})
    for address in (upstream.url, other.url):
        repository = GitRepository(address, "main", mirror)
        head = await repository.fetch()
        repository.close()
    assert (head.revision.commit, head.rewritten_from) == (commit, None)


class Overtaken(GitPointers):
    """Somebody else pushes after the branch was read, a few times."""

    def __init__(
        self, repository: GitRepository, upstream: Upstream, pushes: list[dict[str, str]]
    ) -> None:
        super().__init__(
            repository._mirror, POINTERS, MemoryClock(), signatures=repository._signatures
        )
        self._upstream, self._pushes = upstream, pushes

    async def _commit(self, head: Commit | None, files: Mapping[str, str], message: str) -> Commit:
        commit = await super()._commit(head, files, message)
        if self._pushes:
            await asyncio.to_thread(self._upstream.push_pointers, self._pushes.pop(0))
        return commit


async def test_an_unrelated_push_in_between_is_built_upon(
    upstream: Upstream, repository: GitRepository
):
    await repository.pointers(MemoryClock()).write({"a.yaml": "1"}, message="m", expect={})
    pushes = [{"b.yaml": "1"}, {"b.yaml": "2"}]
    writer = Overtaken(repository, upstream, pushes)
    await writer.write({"a.yaml": "2"}, message="m", expect={"a.yaml": "1"})
    assert await writer.read() == {"a.yaml": "2", "b.yaml": "2"}
    assert upstream.log(POINTERS, "%an") == ["Trueup", "Ann", "Ann", "Trueup"]


async def test_a_push_of_the_same_pointer_in_between_is_stale(
    upstream: Upstream, repository: GitRepository
):
    await repository.pointers(MemoryClock()).write({"a.yaml": "1"}, message="m", expect={})
    writer = Overtaken(repository, upstream, [{"a.yaml": "9"}])
    with pytest.raises(Stalled, match="somebody else was faster"):
        await writer.write({"a.yaml": "2"}, message="m", expect={"a.yaml": "1"})
    assert await writer.read() == {"a.yaml": "9"}


async def test_a_commit_of_pointers_names_trueup_and_the_clocks_time(
    upstream: Upstream, repository: GitRepository, clock: MemoryClock
):
    commit = await repository.pointers(clock).write(
        {"a.yaml": "1"}, message="Promote shop\n\nBecause.", expect={}
    )
    wanted = f"{commit}|Trueup <trueup@localhost>|Trueup <trueup@localhost>"
    assert upstream.log(POINTERS, "%H|%an <%ae>|%cn <%ce>") == [wanted]
    seconds = int(clock.now().timestamp())
    assert upstream.log(POINTERS, "%at %ct") == [f"{seconds} {seconds}"]
    assert upstream.log(POINTERS, "%B") == ["Promote shop", "", "Because."]


async def test_a_server_that_refuses_the_push_is_quoted(
    upstream: Upstream, repository: GitRepository
):
    hook = upstream.origin / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho protected >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(Stalled, match="pre-receive hook declined"):
        await repository.pointers(MemoryClock()).write({"a": "1"}, message="m", expect={})


async def test_other_branches_are_left_alone(upstream: Upstream, repository: GitRepository):
    commit = upstream.commit({"a.yaml": "one\n"})
    await repository.pointers(MemoryClock()).write({"a": "1"}, message="m", expect={})
    assert (await repository.fetch()).revision.commit == commit
    assert upstream.run(upstream.origin, "branch", "--format=%(refname)").split() == [
        "refs/heads/main",
        f"refs/heads/{POINTERS}",
    ]


async def test_what_git_has_thrown_away_since_it_was_listed_is_asked_for_no_more(
    upstream: Upstream, repository: GitRepository, mirror: Path
):
    upstream.commit({"a.yaml": "one\n"})
    await repository.fetch()
    pointers = repository.pointers(MemoryClock())
    await pointers.write({"shop/dev.yaml": "x"}, message="m", expect={})
    assert "shop/dev.yaml" in {blob.path for blob in await repository.past_blobs(100)}
    upstream.run(upstream.origin, "update-ref", "-d", f"refs/heads/{POINTERS}")
    await pointers.read()
    upstream.run(mirror, "update-ref", "-d", "refs/trueup/made")
    upstream.run(mirror, "gc", "-q", "--prune=now")
    upstream.commit({"b.yaml": "two\n"})
    await repository.fetch()
    assert sorted(each.path for each in await repository.past_blobs(100)) == ["a.yaml", "b.yaml"]
