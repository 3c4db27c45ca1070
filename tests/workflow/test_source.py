"""The source: heads that are refused, no answer, history that is rewritten."""

from datetime import timedelta

import pytest

from controller.adapters.git.memory import MemoryRepository
from controller.adapters.ledger.memory import MemoryLedger
from controller.diagnostics.errors import RepositoryUnreachable, Transient
from controller.model.following import FoundTag, Semver
from controller.model.history import SignersRule, Trust
from controller.model.release import Release
from controller.model.versions import VersionRange
from controller.workflows.source import source
from tests.support.worlds import AUTHOR, Life, MemoryWorld

ANN = "ann@example.com"
TRUST = Trust((SignersRule(("platform/*",), (ANN,)),))
EVERY = timedelta(seconds=30)


@pytest.fixture
def guarded() -> MemoryWorld:
    return MemoryWorld(repository=MemoryRepository(guarded=True), trust=TRUST)


def push(world: MemoryWorld, text: str, signed_by: str = "", path: str = "products/x.txt", **more):
    return world.repository.commit({path: text}, author=AUTHOR, signed_by=signed_by, **more)


async def begun(world: MemoryWorld) -> Life:
    life = world.start()
    await life.begin()
    await life.settle()
    return life


async def scopes(life: Life) -> dict[str, str]:
    return {found.scope: found.code for found in await life.app.findings()}


async def test_a_refused_head_changes_nothing_and_is_told_once(guarded: MemoryWorld) -> None:
    guarded.example()
    good = push(guarded, "1", ANN)
    life = await begun(guarded)
    assert life.parts.catalogs.known_head().commit == good
    bad = push(guarded, "2")
    await life.pass_time(31)
    await life.pass_time(31)

    assert life.parts.catalogs.known_head().commit == good
    assert (await life.app.overview()).revision == good
    assert await scopes(life) == {"signatures": "trust/not-signed"}
    refused = await life.events("RevisionRefused")
    assert len(refused) == 1
    assert bad in refused[0]

    again = guarded.start()
    await again.begin()
    await again.settle()
    assert again.parts.catalogs.known_head().commit == good
    assert len(await again.events("RevisionRefused")) == 1

    mended = push(guarded, "3", ANN)
    await again.pass_time(31)
    assert again.parts.catalogs.known_head().commit == mended
    assert await scopes(again) == {}


async def test_a_push_that_is_taken_back_clears_the_finding(guarded: MemoryWorld) -> None:
    guarded.example()
    good = push(guarded, "1", ANN)
    life = await begun(guarded)
    push(guarded, "2")
    await life.pass_time(31)
    guarded.repository._head = good
    await life.pass_time(31)
    assert await scopes(life) == {}
    assert life.parts.catalogs.known_head().commit == good


async def test_until_a_first_head_is_accepted_nothing_is_read(guarded: MemoryWorld) -> None:
    guarded.example()
    life = await begun(guarded)
    assert life.parts.catalogs.head is None
    assert guarded.engine.cloud == {}
    assert "trust/not-signed" in (await scopes(life)).values()
    push(guarded, "1", ANN)
    await life.pass_time(31)
    assert guarded.engine.cloud


async def test_a_rule_holds_for_commits_on_the_way(guarded: MemoryWorld) -> None:
    guarded.example()
    good = push(guarded, "1", ANN)
    life = await begun(guarded)
    push(guarded, "x", "eve@example.com", "platform/x.txt")
    push(guarded, "2", ANN)
    await life.pass_time(31)
    assert life.parts.catalogs.known_head().commit == good
    assert await scopes(life) == {"signatures": "trust/signer-not-allowed"}


async def test_a_repository_that_does_not_answer_is_told_and_the_rest_goes_on() -> None:
    world = MemoryWorld()
    world.example()
    life = await begun(world)
    reached = (await life.app.overview()).fetched_at
    world.repository.unreachable = "no route"
    for _ in range(2):
        await life.pass_time(31)
    for number in range(3):
        assert len(await life.events("RepositoryUnreachable")) <= (number > 0)
        with pytest.raises(RepositoryUnreachable):
            await source(life.parts, every=EVERY)
    found = next(each for each in await life.app.findings() if each.scope == "repository")
    assert found.code == "fetch/repository-unreachable"
    assert found.message == f"no route (last reached at {reached})"
    assert len(await life.events("RepositoryUnreachable")) == 1
    assert life.parts.catalogs.head is not None

    world.repository.unreachable = ""
    await life.pass_time(400)
    assert await scopes(life) == {}
    told = await life.events("RepositoryReached")
    assert len(told) == 1
    assert reached in told[0]


class Full(MemoryLedger):
    """A ledger whose disk is full at the first writes that it is told of."""

    full = 0

    async def put_release(self, release: Release) -> Release:
        if self.full:
            self.full -= 1
            raise Transient.because("database or disk is full")
        return await super().put_release(release)


async def test_a_commit_that_a_full_disk_cut_off_is_not_lost() -> None:
    world = MemoryWorld(ledger=Full())
    world.example()
    life = await begun(world)
    pushed = world.edit("products/shop/stacks/api.yaml", "Welcome to the shop", "Good morning")
    world.ledger.full = 1
    with pytest.raises(Transient, match="full"):
        await source(life.parts, every=EVERY)

    await source(life.parts, every=EVERY)
    await life.settle()

    assert (await life.app.unit("shop/dev/shop-api")).revision == pushed


async def test_one_failed_fetch_is_no_finding() -> None:
    world = MemoryWorld()
    world.example()
    life = await begun(world)
    world.repository.unreachable = "no route"
    with pytest.raises(RepositoryUnreachable):
        await source(life.parts, every=EVERY)
    world.repository.unreachable = ""
    await source(life.parts, every=EVERY)
    assert await scopes(life) == {}
    assert await life.events("RepositoryUnreachable") == []
    assert await life.events("RepositoryReached") == []


async def test_a_branch_that_is_gone_is_told_at_once() -> None:
    world = MemoryWorld()
    life = await begun(world)
    assert await scopes(life) == {"repository": "fetch/branch-missing"}
    world.example()
    await life.pass_time(700)
    assert await scopes(life) == {}


async def test_a_rewrite_is_told_though_the_controller_died_after_the_fetch() -> None:
    world = MemoryWorld()
    world.example()
    life = await begun(world)
    before = life.parts.catalogs.known_head().commit
    files = dict(world.repository._contents[before])
    world.repository.commit(files, author=AUTHOR, subject="again", rewrite=True)
    await world.repository.fetch()  # and then the process is gone
    second = world.start()
    await second.begin()
    await second.settle()
    await second.pass_time(31)
    told = await second.events("HistoryRewritten")
    assert len(told) == 1
    assert before in told[0]


async def test_a_refused_rewrite_is_told(guarded: MemoryWorld) -> None:
    guarded.example()
    good = push(guarded, "1", ANN)
    life = await begun(guarded)
    files = {**guarded.repository._contents[good], "platform/x.txt": b"old"}
    guarded.repository.commit(files, author=AUTHOR, signed_by=ANN, rewrite=True)
    await life.pass_time(31)
    await life.pass_time(31)
    assert len(await life.events("HistoryRewritten")) == 1
    assert await scopes(life) == {"signatures": "trust/rewritten"}
    assert life.parts.catalogs.known_head().commit == good


async def test_an_older_tag_or_one_that_nobody_signed_is_refused(guarded: MemoryWorld) -> None:
    repository = guarded.repository
    repository.chosen_by = Semver(VersionRange.parse("^1"))
    repository.tag, repository.tag_signers = FoundTag("v1.2.0", 20), {"v1.2.0": ANN, "v1.1.0": ANN}
    guarded.example()
    good = push(guarded, "2", ANN)
    life = await begun(guarded)
    assert life.parts.catalogs.known_head().commit == good
    for tag, code in (
        (FoundTag("v1.3.0", 30), "trust/tag-not-signed"),
        (FoundTag("v1.1.0", 40), "trust/moved-back"),
    ):
        repository.tag = tag
        push(guarded, tag.name, ANN)
        again = guarded.start()
        await again.begin()
        await again.pass_time(31)
        assert again.parts.catalogs.known_head().commit == good
        assert (await scopes(again))["signatures"] == code


EXCEPTION = """\
apiVersion: platform/v1
kind: Exception
metadata: {name: database-moves}
spec:
  rule: protected-stack
  where: {products: [shop]}
  owner: team-shop
  reason: it moves once, in January
  expires: "DAY"
"""
EXPIRED = "expired on"


async def begun_with_an_exception(world: MemoryWorld, *, days: int = 2) -> Life:
    world.example()
    day = str((world.clock.now() + timedelta(days=days)).date())
    world.repository.commit({"platform/exceptions.yaml": EXCEPTION.replace("DAY", day)})
    return await begun(world)


async def findings(life: Life) -> list[str]:
    return [found.message for found in await life.app.findings()]


@pytest.mark.parametrize("answers", [True, False])
async def test_an_exception_that_expires_is_noticed_at_midnight_without_a_push(
    answers: bool,
) -> None:
    world = MemoryWorld()
    life = await begun_with_an_exception(world)
    if not answers:
        world.repository.unreachable = "the host is gone"
    midnight = world.clock.now().replace(hour=0, minute=0, second=0) + timedelta(days=3)
    await life.pass_time((midnight - world.clock.now()).total_seconds() - 1)
    assert not [each for each in await findings(life) if EXPIRED in each]
    due = next(planned.due for planned in world.wakeups.planned() if "source" in planned.key)
    assert due <= midnight

    await life.pass_time(1)
    await life.pass_time(31)

    assert [each for each in await findings(life) if EXPIRED in each]
    assert len(await life.events("ExceptionExpired")) == 1
    assert await life.events("DocumentRefused") == []


async def test_an_exception_that_expired_while_nobody_was_there_is_told_once() -> None:
    world = MemoryWorld()
    await begun_with_an_exception(world)
    world.repository.unreachable = "the host is gone"
    world.clock.advance(4 * 86_400)
    for _ in range(2):
        again = world.start()
        await again.begin()
        await again.settle()
        assert [each for each in await findings(again) if EXPIRED in each]
        assert len(await again.events("ExceptionExpired")) == 1
