"""What a new head brings: commits, and the paths that each of them changes."""

import pytest

from controller.adapters.git.gitpython import GitRepository
from controller.model.names import Commit
from tests.contract.git.conftest import Site, Upstream


async def test_each_commit_is_told_with_its_paths_the_oldest_first(site: Site):
    first = site.commit({"a.yaml": "1", "b.yaml": "1"})
    second = site.commit({"a.yaml": "2"})
    third = site.commit({"b.yaml": None, "c/d.yaml": "1"})
    await site.reader.fetch()
    found = await site.reader.history(third, first)
    assert [(past.commit, past.paths) for past in found.commits] == [
        (second, ("a.yaml",)),
        (third, ("b.yaml", "c/d.yaml")),
    ]
    assert (found.descends, found.differing) == (True, ())
    assert (await site.reader.history(third, third)).commits == ()


async def test_without_a_commit_before_all_paths_differ(site: Site):
    head = site.commit({"a.yaml": "1", "b/c.yaml": "1"})
    await site.reader.fetch()
    for since in (None, Commit("1" * 40)):
        found = await site.reader.history(head, since)
        assert (found.commits, found.descends) == ((), False)
        assert set(found.differing) == {"a.yaml", "b/c.yaml"}


async def test_a_head_that_leaves_history_behind_is_told_with_what_differs(site: Site):
    before = site.commit({"a.yaml": "old\n", "b.yaml": "same\n"})
    await site.reader.fetch()
    after = site.rewrite({"a.yaml": "new\n", "b.yaml": "same\n"})
    await site.reader.fetch()
    found = await site.reader.history(after, before)
    assert (found.descends, found.differing) == (False, ("a.yaml",))
    assert [past.commit for past in found.commits] == [after]


def branch_off(upstream: Upstream, base: str, name: str, path: str, text: str) -> str:
    upstream.git("checkout", "-q", "-b", name, base)
    (upstream.work / path).write_text(text)
    upstream.git("add", "-A")
    upstream.git("commit", "-q", "-m", name)
    return upstream.git("rev-parse", "HEAD")


@pytest.mark.parametrize(
    ("strategy", "changed"),
    [
        (("merge", "-q", "--no-ff"), ()),
        (("merge", "-q", "-s", "ours"), ("side.yaml",)),
    ],
)
async def test_a_merge_touches_what_git_would_merge_otherwise(
    upstream: Upstream, repository: GitRepository, strategy: tuple[str, ...], changed
):
    base = upstream.commit({"main.yaml": "1", "side.yaml": "1"})
    branch_off(upstream, base, "side", "side.yaml", "2")
    branch_off(upstream, base, "again", "main.yaml", "2")
    upstream.git(*strategy, "-m", "merge", "side")
    head = upstream.push(force=True)
    await repository.fetch()
    found = await repository.history(head, base)
    assert found.commits[-1].commit == head
    assert found.commits[-1].paths == changed


async def test_a_merge_of_a_conflict_touches_the_path_of_the_conflict(
    upstream: Upstream, repository: GitRepository
):
    base = upstream.commit({"a.yaml": "1", "b.yaml": "1"})
    branch_off(upstream, base, "side", "a.yaml", "2")
    branch_off(upstream, base, "again", "a.yaml", "3")
    upstream.git("merge", "-q", "-s", "ours", "-m", "merge", "side")
    head = upstream.push(force=True)
    await repository.fetch()
    assert (await repository.history(head, base)).commits[-1].paths == ("a.yaml",)


async def test_a_merge_of_three_touches_all_that_differs_from_any(
    upstream: Upstream, repository: GitRepository
):
    base = upstream.commit({"a.yaml": "1", "b.yaml": "1", "c.yaml": "1"})
    for name in "abc":
        branch_off(upstream, base, name, f"{name}.yaml", "2")
    upstream.git("merge", "-q", "-m", "merge", "a", "b")
    head = upstream.push(force=True)
    await repository.fetch()
    found = await repository.history(head, base)
    assert set(found.commits[-1].paths) == {"a.yaml", "b.yaml", "c.yaml"}


async def test_a_file_cannot_pass_for_a_commit(upstream: Upstream, repository: GitRepository):
    """Two commits beside each other, one with a file that is named as the other."""
    base = upstream.commit({"a.yaml": "1"})
    good = branch_off(upstream, base, "good", "good.yaml", "1")
    upstream.git("checkout", "-q", "-b", "evil", base)
    (upstream.work / good).write_text("x")
    evil = branch_off(upstream, base, "evil2", "zz-policy.yaml", "1")
    upstream.git("merge", "-q", "-m", "merge", "good")
    head = upstream.push(force=True)
    await repository.fetch()
    paths = {past.commit: past.paths for past in (await repository.history(head, base)).commits}
    assert paths[Commit(good)] == ("good.yaml",)
    assert set(paths[Commit(evil)]) == {good, "zz-policy.yaml"}


async def test_strange_paths_are_told(upstream: Upstream, repository: GitRepository):
    base = upstream.commit({"a.yaml": "1"})
    blob = upstream.git("hash-object", "-w", "--stdin", given=b"text\n")
    strange = [b"new\nline.yaml", b":100644 100644 a b M", b"latin\xe9.yaml"]
    entries = b"".join(b"100644 %s\t%s\0" % (blob.encode(), path) for path in strange)
    upstream.git("update-index", "-z", "--index-info", given=entries)
    upstream.git("commit", "-q", "-m", "strange")
    head = upstream.push()
    await repository.fetch()
    found = await repository.history(head, base)
    assert set(found.commits[0].paths) == {
        "new\nline.yaml", ":100644 100644 a b M", "latin\\xe9.yaml",
    }  # fmt: skip


async def test_a_co_author_is_told_wherever_the_message_names_them(
    upstream: Upstream, repository: GitRepository
):
    first = upstream.commit({"a.yaml": "1"})
    said = "Pay\n\nCo-authored-by: Eve <eve@x>\n\nLast words\nco-AUTHORED-by:\tBob <b@x> \n"
    head = upstream.commit({"a.yaml": "2"}, said)
    await repository.fetch()
    (past,) = (await repository.history(head, first)).commits
    assert (past.author, past.paths) == ("Ann <ann@localhost>", ("a.yaml",))
    assert past.co_authors == ("Eve <eve@x>", "Bob <b@x>")
    snapshot = await repository.snapshot(head)
    assert (snapshot.subject, snapshot.co_authors) == ("Pay", past.co_authors)
