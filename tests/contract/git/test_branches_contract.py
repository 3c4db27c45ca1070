"""A proposal is one commit on a branch of its own; nothing that is there is ever moved."""

import pytest

from controller.adapters.clock.memory import MemoryClock
from controller.adapters.git.memory import MemoryBranches
from controller.diagnostics.errors import RepositoryUnreachable, Stalled
from controller.model.names import Commit
from controller.ports.git import BranchWriter
from tests.contract.git.conftest import MemorySite, RealSite, Site

BRANCH = "trueup/adopt/shop-dev-api-0123"
FILES = {"d/a b.yaml": b"two # \xc3\xa4\n"}


class Branches:
    """The writer of either kind, and what was pushed."""

    def __init__(self, site: Site, clock: MemoryClock) -> None:
        self.site = site
        self.writer: BranchWriter
        if isinstance(site, MemorySite):
            self.writer = self.memory = MemoryBranches(site.reader)
        else:
            assert isinstance(site, RealSite)
            self.writer = site.reader.branches(clock)

    async def base(self) -> Commit:
        self.site.commit({"d/a b.yaml": "one\n", "other.yaml": "stays\n"})
        return (await self.site.reader.fetch()).revision.commit

    async def propose(self, base: Commit, branch: str = BRANCH, **more: object) -> Commit:
        told = {"files": FILES, "author": "Robin <x>", "message": "Adopt\n\nbecause\n", **more}
        return await self.writer.propose(branch, base=base, **told)

    def pushed(self, branch: str) -> tuple[str, str, str, str]:
        """Commit, parent, author and message."""
        if isinstance(self.site, MemorySite):
            one = self.memory.pushed[branch]
            return one.commit, one.base, one.author, one.message.strip()
        log = self.site.upstream.log(branch, "%H%x00%P%x00%an%x00%B")
        commit, parent, author, message = "\n".join(log).split("\0")[:4]
        return commit, parent, author, message.strip()


@pytest.fixture
def branches(site: Site, clock: MemoryClock) -> Branches:
    return Branches(site, clock)


async def test_a_proposal_is_one_commit_upon_its_base_and_may_be_repeated(
    branches: Branches, clock: MemoryClock
) -> None:
    base = await branches.base()
    commit = await branches.propose(base)
    assert branches.pushed(BRANCH)[:3] == (commit, base, "Robin x")
    clock.advance(60)
    assert await branches.propose(base) == commit
    assert (await branches.site.reader.fetch()).revision.commit == base
    if isinstance(branches.site, RealSite):
        run = branches.site.upstream.run
        origin = branches.site.upstream.origin
        assert run(origin, "show", f"{commit}:d/a b.yaml").encode() + b"\n" == FILES["d/a b.yaml"]
        assert run(origin, "diff", "--name-only", base, commit) == "d/a b.yaml"


async def test_a_branch_that_is_there_is_never_moved(branches: Branches) -> None:
    base = await branches.base()
    await branches.propose(base)
    before = branches.pushed(BRANCH)
    with pytest.raises(Stalled) as taken:
        await branches.propose(base, files={"other.yaml": b"x\n"})
    assert taken.value.diagnostics[0].code == "adopt/branch-taken"
    with pytest.raises(Stalled):
        await branches.propose(base, "main")
    assert branches.pushed(BRANCH) == before
    assert (await branches.site.reader.fetch()).revision.commit == base


@pytest.mark.parametrize("branch", ["", "-x", "a..b", "refs heads", "x.lock", "a\nb"])
async def test_what_is_no_branch_is_refused(branches: Branches, branch: str) -> None:
    base = await branches.base()
    with pytest.raises(Stalled):
        await branches.propose(base, branch)


@pytest.mark.parametrize("path", ["../a.yaml", "/a.yaml", ".git/config", "a//b.yaml", "a\nb"])
async def test_a_path_that_leaves_the_tree_is_refused(branches: Branches, path: str) -> None:
    base = await branches.base()
    with pytest.raises(Stalled):
        await branches.propose(base, files={path: b"x"})


async def test_an_unknown_base_and_a_gone_repository_are_said(branches: Branches) -> None:
    base = await branches.base()
    with pytest.raises(Stalled):
        await branches.propose(Commit("0" * 40))
    branches.site.break_off()
    with pytest.raises(RepositoryUnreachable):
        await branches.propose(base)
