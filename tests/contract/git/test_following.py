"""Tags, ranges of versions and fixed commits of a real repository."""

from pathlib import Path

import pytest

from controller.adapters.git.gitpython import GitRepository
from controller.diagnostics.errors import Stalled
from controller.model.following import Fixed, Semver, Tag
from controller.model.names import Commit
from controller.model.versions import VersionRange
from tests.contract.git.conftest import Upstream


def tag(upstream: Upstream, name: str, *, annotated: bool = False, force: bool = False) -> None:
    upstream.git("tag", *(["-f"] if force else []), *(["-am", name] if annotated else []), name)
    upstream.git("push", "-q", *(["-f"] if force else []), "origin", f"refs/tags/{name}")


def following(upstream: Upstream, mirror: Path, what) -> GitRepository:
    return GitRepository(upstream.url, what, mirror, timeout=120.0)


RANGE = Semver(VersionRange.parse(">=1.0.0 <2.0.0"))


async def test_the_highest_version_of_a_range_is_followed(upstream: Upstream, mirror: Path):
    repository = following(upstream, mirror, RANGE)
    commits = {}
    for name in ("v1.2.0", "v1.10.0", "v2.0.0", "v1.3.0", "other"):
        commits[name] = upstream.commit({"a.yaml": name})
        tag(upstream, name, annotated=name == "v1.10.0")
        head = await repository.fetch()
    assert str(head.revision) == f"v1.10.0@sha1:{commits['v1.10.0']}"
    snapshot = await repository.snapshot(head.revision.commit)
    assert snapshot.read("a.yaml") == b"v1.10.0"
    assert snapshot.revision == head.revision
    repository.close()


async def test_a_tag_that_is_taken_away_is_followed_no_more_and_its_commit_stays(
    upstream: Upstream, mirror: Path
):
    repository = following(upstream, mirror, RANGE)
    first = upstream.commit({"a.yaml": "1"})
    tag(upstream, "v1.0.0")
    upstream.git("checkout", "-q", "-b", "aside")
    second = Commit(upstream.git("commit-tree", "-m", "x", "HEAD^{tree}"))
    upstream.git("update-ref", "HEAD", second)
    tag(upstream, "v1.1.0")
    head = await repository.fetch()
    assert head.revision.commit == second
    upstream.git("push", "-q", "origin", ":refs/tags/v1.1.0")
    again = await repository.fetch(since=head.revision)
    assert (again.revision.commit, again.rewritten_from) == (first, None)
    assert (await repository.snapshot(second)).read("a.yaml") == b"1"
    repository.close()


async def test_a_tag_that_was_moved_is_named(upstream: Upstream, mirror: Path):
    repository = following(upstream, mirror, Tag("stable"))
    first = upstream.commit({"a.yaml": "1"})
    tag(upstream, "stable")
    head = await repository.fetch()
    assert (head.rewritten_from, head.revision.branch) == (None, "stable")
    second = upstream.commit({"a.yaml": "2"})
    tag(upstream, "stable", force=True)
    moved = await repository.fetch(since=head.revision)
    assert (moved.revision.commit, moved.rewritten_from) == (second, first)
    assert (await repository.fetch(since=moved.revision)).rewritten_from is None
    repository.close()


async def test_a_tag_of_something_else_than_a_commit_is_passed_over(
    upstream: Upstream, mirror: Path
):
    commit = upstream.commit({"a.yaml": "1"})
    tag(upstream, "v1.0.0")
    upstream.git("tag", "v1.9.0", "HEAD^{tree}")
    upstream.git("push", "-q", "origin", "v1.9.0")
    repository = following(upstream, mirror, RANGE)
    assert (await repository.fetch()).revision.commit == commit
    repository.close()


async def test_a_tag_whose_name_turns_text_around_is_nobodys_to_follow(
    upstream: Upstream, mirror: Path
):
    upstream.commit({"a.yaml": "1"})
    tag(upstream, "v1")
    tag(upstream, "v2\u202e")
    repository = following(upstream, mirror, Tag("v*"))
    assert (await repository.fetch()).revision.branch == "v1"
    repository.close()


@pytest.mark.parametrize("what", [Tag("v*"), RANGE])
async def test_no_tag_that_matches_is_said(upstream: Upstream, mirror: Path, what):
    upstream.commit({"a.yaml": "1"})
    repository = following(upstream, mirror, what)
    with pytest.raises(Stalled, match="has no tag for"):
        await repository.fetch()
    repository.close()


async def test_a_fixed_commit_stays(upstream: Upstream, mirror: Path):
    wanted = upstream.commit({"a.yaml": "1"})
    upstream.commit({"a.yaml": "2"})
    repository = following(upstream, mirror, Fixed(wanted))
    for _ in range(2):
        head = await repository.fetch()
        assert str(head.revision) == f"sha1:{wanted}"
        assert head.rewritten_from is None
        upstream.commit({"a.yaml": "3"})
    assert (await repository.snapshot(wanted)).read("a.yaml") == b"1"
    repository.close()


async def test_a_commit_that_is_not_there_is_said(upstream: Upstream, mirror: Path):
    upstream.commit({"a.yaml": "1"})
    repository = following(upstream, mirror, Fixed(Commit("1" * 40)))
    with pytest.raises(Stalled, match="does not give the commit"):
        await repository.fetch()
    repository.close()


@pytest.mark.parametrize(
    "what",
    [Tag("-x"), Tag("a b"), Tag(""), Tag("a..b"), Fixed(Commit("main")), Fixed(Commit("-x"))],
)
def test_what_could_do_harm_is_not_followed(upstream: Upstream, mirror: Path, what):
    with pytest.raises(Stalled):
        following(upstream, mirror, what)


async def test_a_rewrite_is_told_against_what_the_caller_knew(upstream: Upstream, mirror: Path):
    """The controller died after a fetch and before it wrote down what it found."""
    before = upstream.commit({"a.yaml": "1"})
    first = GitRepository(upstream.url, "main", mirror)
    known = (await first.fetch()).revision
    upstream.git("commit", "-q", "--amend", "-m", "again")
    upstream.push(force=True)
    await first.fetch(since=known)
    first.close()
    second = GitRepository(upstream.url, "main", mirror)
    assert (await second.fetch()).rewritten_from is None  # the mirror has forgotten
    assert (await second.fetch(since=known)).rewritten_from == before
    assert (await second.snapshot(before)).read("a.yaml") == b"1"
    second.close()
