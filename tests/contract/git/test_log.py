"""The commits between two others: all of them, with the words of each, and which touch a path."""

import pytest

from controller.adapters.git.gitpython import GitRepository
from controller.diagnostics.errors import Stalled
from controller.model.names import Commit
from controller.steps.notes import notes
from tests.contract.git.conftest import Site, Upstream
from tests.contract.git.test_history import branch_off


async def test_what_one_commit_has_and_the_other_has_not_the_newest_first(site: Site):
    first = site.commit({"a.yaml": "1"})
    second = site.commit({"shop/b.yaml": "1"}, "feat: b")
    third = site.commit({"shopping.yaml": "1"}, "fix: c")
    await site.reader.fetch()
    found = await site.reader.log(third, first, ("shop/",), at_most=9)
    assert [(c.commit, c.parents, c.subject, c.touches) for c in found.commits] == [
        (third, (second,), "fix: c", False),
        (second, (first,), "feat: b", True),
    ]
    assert (found.is_whole, found.descends) == (True, True)
    assert {c.author.partition(" ")[0] for c in found.commits} == {"Ann"}
    assert all(c.touches for c in (await site.reader.log(third, first, (), at_most=9)).commits)
    cut = await site.reader.log(third, first, ("shop/",), at_most=1)
    assert ([c.commit for c in cut.commits], cut.is_whole) == ([third], False)
    assert (await site.reader.log(first, third, (), at_most=9)).commits == ()
    with pytest.raises(Stalled):
        await site.reader.log(third, Commit("1" * 40), (), at_most=9)


async def test_a_history_that_was_rewritten_is_told(site: Site):
    before = site.commit({"a.yaml": "1"})
    await site.reader.fetch()
    after = site.rewrite({"a.yaml": "2"})
    await site.reader.fetch()
    found = await site.reader.log(after, before, (), at_most=9)
    assert ([c.commit for c in found.commits], found.descends) == ([after], False)


async def test_a_merge_is_told_that_brought_something_and_hostile_words_are_only_words(
    upstream: Upstream, repository: GitRepository
):
    base = upstream.commit({"shop.yaml": "1"})
    hostile = "feat: \x1b[31mred\x1b]0;x\x07 \u202eevil <b>&amp; 'x' ; rm -rf / --since=now"
    branch_off(upstream, base, "side", "shop.yaml", "2")
    upstream.git("commit", "-q", "--amend", "-m", hostile)
    upstream.git("checkout", "-q", "main")
    upstream.git("merge", "-q", "--no-ff", "-m", "Merge pull request 1", "side")
    upstream.git("commit", "-q", "--allow-empty", "-F", "-", given=b"fix: " + b"x" * 100_000)
    upstream.git("-c", "user.name=\tE\x7fve", "commit", "-q", "--allow-empty",
                 "--allow-empty-message", "-m", "")  # fmt: skip
    head = upstream.push()
    await repository.fetch()
    log = await repository.log(head, base, ("shop.yaml",), at_most=9)
    assert [c.subject for c in log.commits] == [
        "", "(its message is too large to be read)", "Merge pull request 1", hostile,
    ]  # fmt: skip
    found = notes(log, since=base, until=head)
    assert [note.subject for note in found.merges] == ["Merge pull request 1"]
    ((note,),) = (group.notes for group in found.groups)
    assert note.subject == "feat: [31mred ]0;x evil <b>&amp; 'x' ; rm -rf / --since=now"
