"""Holds, going back, soaking, freezes, releases in between, and who may say yes."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from controller.diagnostics.errors import EngineRefused, Stalled
from controller.model.caller import Caller, Member, Role
from controller.model.condition import ConditionType, Truth
from controller.model.names import Digest, StageName
from controller.permission import NotAllowed
from controller.workflows.catalogs import Wanted
from controller.workflows.readiness import partly_there
from tests.support.worlds import Life, MemoryWorld

API = "products/shop/stacks/api.yaml"
PIPELINE = "products/shop/pipeline.yaml"
OPERATOR = Caller("olga", Role.OPERATOR)
APPROVER = Caller("grace", Role.APPROVER)
MANAGER = Caller("marta", Role.APPROVER, ("release-managers",))
WORDS = iter(f"word {n}" for n in range(10_000))


async def begun(pipeline: str = "", members: tuple[Member, ...] = ()) -> tuple[MemoryWorld, Life]:
    """A world whose first release is in dev and staging; `pipeline` replaces the stages."""
    world = MemoryWorld(members=members)
    world.example()
    if pipeline:
        head = world.repository._contents[world.repository._head]
        text = head[PIPELINE].decode().partition("  stages:\n")[0]
        world.repository.commit(
            {PIPELINE: text + "  stages:\n" + pipeline}, author="Casey <casey@example.com>"
        )
    life = world.start()
    await life.begin()
    await life.settle()
    return world, life


def release(
    world: MemoryWorld,
    author: str = "Casey Developer <casey@example.com>",
    co_authors: tuple[str, ...] = (),
) -> str:
    """Commit a release with another greeting; gives the commit."""
    head = world.repository._contents[world.repository._head]
    text = re.sub(r"GREETING: .*", f"GREETING: {next(WORDS)}", head[API].decode())
    return world.repository.commit(
        {API: text}, subject="greet", author=author, co_authors=co_authors
    )


async def commit_of(life: Life, stage: str) -> str:
    return (await life.app.stage(stage)).commit


FREE = """\
    - environment: dev
    - environment: staging
      after: [dev]
    - environment: production
      after: [staging]
"""


async def test_a_held_stage_stays_and_says_why_until_it_is_lifted() -> None:
    world, life = await begun(FREE)
    first = await commit_of(life, "shop/production")
    await life.app.promotions.hold(OPERATOR, "shop/production", "sale until Monday")
    second = release(world)
    await life.pass_time(31)

    stage = await life.app.stage("shop/production")
    assert (stage.commit, await commit_of(life, "shop/staging")) == (first, second)
    assert stage.waiting_for == (
        "shop/production is held where it is by olga until it is lifted: sale until Monday"
    )
    assert stage.candidate == second
    await life.app.promotions.lift(OPERATOR, "shop/production")
    await life.settle()
    assert await commit_of(life, "shop/production") == second
    with pytest.raises(Stalled, match="nobody holds"):
        await life.app.promotions.lift(OPERATOR, "shop/production")


async def test_a_hold_ends_by_itself_at_its_instant() -> None:
    world, life = await begun(FREE)
    until = world.clock.now() + timedelta(hours=1)
    await life.app.promotions.hold(OPERATOR, "shop/production", "lunch", until)
    second = release(world)
    await life.pass_time(3500)
    assert await commit_of(life, "shop/production") != second
    await life.pass_time(101)
    assert await commit_of(life, "shop/production") == second


async def test_a_rollback_is_never_fought_and_survives_a_lost_database() -> None:
    world, life = await begun(FREE)
    first = await commit_of(life, "shop/production")
    second = release(world)
    await life.pass_time(31)
    await life.app.promotions.roll_back(OPERATOR, "shop/production", "orders fail")
    await life.settle()
    third = release(world)
    await life.pass_time(3600)
    assert await commit_of(life, "shop/production") == first
    assert await commit_of(life, "shop/staging") == third

    world.ledger, world.wakeups = type(world.ledger)(), type(world.wakeups)()
    life = world.start()
    await life.begin()
    await life.pass_time(3600)
    stage = await life.app.stage("shop/production")
    assert (stage.commit, stage.held_by) == (first, "olga")
    assert "rolled back: orders fail" in stage.waiting_for
    moves = await life.app.promotions.history("shop/production")
    assert [(move.kind, move.by) for move in moves][:1] == [("roll-back", "olga")]

    await life.app.promotions.lift(OPERATOR, "shop/production", "mended")
    await life.settle()
    assert await commit_of(life, "shop/production") == third
    assert second not in {await commit_of(life, s) for s in ("shop/dev", "shop/production")}


async def test_what_was_taken_back_does_not_come_again_unless_somebody_asks_for_it() -> None:
    world, life = await begun(FREE)
    first = await commit_of(life, "shop/production")
    second = release(world)
    await life.pass_time(31)
    await life.app.promotions.roll_back(OPERATOR, "shop/production", "orders fail", first[:12])
    await life.app.promotions.lift(OPERATOR, "shop/production")
    await life.pass_time(3600)
    assert await commit_of(life, "shop/production") == first
    await life.app.promotions.promote(OPERATOR, "shop/production", second[:12])
    await life.settle()
    assert await commit_of(life, "shop/production") == second


async def test_a_first_stage_that_is_taken_back_does_not_follow_the_head() -> None:
    world, life = await begun(FREE)
    first = await commit_of(life, "shop/dev")
    release(world)
    await life.pass_time(31)
    await life.app.promotions.roll_back(OPERATOR, "shop/dev", "it is slow")
    world.edit("products/shop/stacks/database.yaml", "kind: Stack", "kind: Stick")
    release(world)
    await life.pass_time(3600)
    assert await commit_of(life, "shop/dev") == first
    applied = [u.revision for u in await life.app.units("shop/dev")]
    assert all(first in revision for revision in applied)


async def test_a_stage_that_goes_back_takes_no_later_one_along() -> None:
    world, life = await begun(FREE)
    first = await commit_of(life, "shop/staging")
    second = release(world)
    await life.pass_time(31)
    await life.app.promotions.roll_back(OPERATOR, "shop/dev", "it is slow")
    await life.pass_time(3600)
    at = [await commit_of(life, stage) for stage in ("shop/dev", "shop/staging", "shop/production")]
    assert at == [first, second, second]


async def test_a_dry_run_plans_and_changes_nothing() -> None:
    world, life = await begun(FREE)
    first = await commit_of(life, "shop/production")
    release(world)
    await life.pass_time(31)
    cloud, pointers = dict(world.engine.cloud), len(world.pointers.commits)
    preview = await life.app.promotions.preview("shop/production")
    assert preview.commit == first
    changed = {unit.unit: unit.changes for unit in preview.units if unit.changes}
    assert list(changed) == ["shop/production/shop-api"]
    await life.pass_time(600)
    assert (world.engine.cloud, len(world.pointers.commits)) == (cloud, pointers)


async def stopped_half_way() -> tuple[MemoryWorld, Life, str]:
    """Production at a release that one of its units is at, and another cannot get to."""
    world, life = await begun(FREE)
    first = await commit_of(life, "shop/production")
    await life.app.promotions.hold(OPERATOR, "shop/production", "not yet")
    head = world.repository._contents[world.repository._head]
    storage, database = (f"products/shop/stacks/{name}.yaml" for name in ("storage", "database"))
    changed = {
        storage: head[storage].decode().replace("receipts", "bills"),
        database: head[database].decode().replace('"40"', '"50"'),
    }
    world.repository.commit(changed, author="Casey <casey@example.com>")
    await life.pass_time(31)
    world.engine.fail("apply", EngineRefused.because("the quota is used up"))
    await life.app.promotions.lift(OPERATOR, "shop/production")
    await life.settle()
    return world, life, first


def stalled_unit(stage) -> str:
    (place,) = [place for place in stage.partial if "stalled: " in place]
    return f"{stage.name}/{place.split()[0]}"


async def test_a_promotion_that_stops_half_way_says_which_units_are_where() -> None:
    world, life, first = await stopped_half_way()
    stage = await life.app.stage("shop/production")
    assert stage.commit != first
    assert stage.health == "degraded"
    there = [place for place in stage.partial if "not at the release" not in place]
    assert len(there) == 2
    assert any("stalled: " in place and "quota" in place for place in stage.partial)
    assert "2 of 3 units are at shop@" in stage.waiting_for
    assert len(await life.events("PartlyApplied")) == 1

    for _ in range(3):  # a person who tries without mending it finds the same
        world.engine.fail("apply", EngineRefused.because("the quota is used up"))
        await life.app.reconcile(OPERATOR, stalled_unit(stage))
        await life.settle()
        assert (await life.app.stage("shop/production")).partial == stage.partial

    life = world.start()  # a controller that is killed then goes on, now that it is mended
    await life.begin()
    await life.settle()
    stage = await life.app.stage("shop/production")
    assert (stage.health, stage.partial, stage.waiting_for) == ("healthy", (), "")


@pytest.mark.parametrize(
    ("reason", "suspended", "is_told"),
    [
        ("DependencyNotReady", False, True),
        ("ApprovalPending", False, True),
        ("EngineFailed", True, True),
        ("EngineFailed", False, False),  # it is tried again, and nobody has to choose yet
    ],
)
async def test_half_way_is_told_once_nothing_goes_on_by_itself(reason, suspended, is_told) -> None:
    _, life, _ = await stopped_half_way()
    name, ledger = StageName("shop", "production"), life.parts.world.ledger
    status = await ledger.stage(name)
    target = await life.parts.catalogs.stage_target(name, status.commit)
    unit = next(u for u in await ledger.units(name) if not u.is_true(ConditionType.STALLED))
    ready = unit.condition(ConditionType.READY)
    changed = replace(ready, status=Truth.FALSE, reason=reason)
    await ledger.put_unit(
        replace(
            unit, outcome=None, conditions=(changed, *(c for c in unit.conditions if c != ready))
        )
    )

    async def is_suspended(_: Wanted) -> bool:
        return suspended

    assert bool(await partly_there(ledger, target, is_suspended)) is is_told


async def test_a_promotion_under_way_is_broken_off() -> None:
    _, life, first = await stopped_half_way()
    await life.app.promotions.abort(OPERATOR, "shop/production", "wrong one")
    await life.settle()
    stage = await life.app.stage("shop/production")
    assert (stage.commit, stage.held_by, stage.health) == (first, "olga", "healthy")
    with pytest.raises(Stalled, match="no promotion"):
        await life.app.promotions.abort(OPERATOR, "shop/production", "once more")


async def test_a_stage_that_went_back_twice_takes_in_neither_release_by_itself() -> None:
    world, life = await begun(FREE)
    first = await commit_of(life, "shop/production")
    second = release(world)
    await life.pass_time(31)
    third = release(world)
    await life.pass_time(31)
    promotions = life.app.promotions
    assert await promotions.roll_back(OPERATOR, "shop/production", "orders fail") == second
    assert await promotions.roll_back(OPERATOR, "shop/production", "still") == first
    await promotions.lift(OPERATOR, "shop/production")
    await life.pass_time(400)
    assert await commit_of(life, "shop/production") == first
    assert await commit_of(life, "shop/staging") == third
    with pytest.raises(Stalled, match="was taken back") as caught:
        await promotions.roll_back(OPERATOR, "shop/production", "further")
    assert f"--to {second[:12]}" in caught.value.hint

    await promotions.roll_back(OPERATOR, "shop/production", "forth", second)
    await promotions.lift(OPERATOR, "shop/production")
    await promotions.promote(OPERATOR, "shop/production", third)
    await life.settle()
    assert await commit_of(life, "shop/production") == third
    # What a person went forth to again is met as what was there before, not as what was left.
    assert await promotions.roll_back(OPERATOR, "shop/production", "again") == second


SOAKED = FREE.replace("after: [staging]\n", "after: [staging]\n      soak: 2h\n")


async def test_a_release_soaks_and_a_failure_in_between_begins_anew() -> None:
    world, life = await begun(SOAKED)
    assert await commit_of(life, "shop/production") == ""
    await life.pass_time(3600)
    world.engine.cloud["shop/staging/shop-api"]["replicas"] = 7
    await life.app.reconcile(OPERATOR, "shop/staging/shop-api")
    await life.app.look_for_drift(OPERATOR, "shop/staging/shop-api")
    await life.settle()
    await life.pass_time(3700)  # two hours since it was verified, one since it was mended
    stage = await life.app.stage("shop/production")
    assert stage.commit == ""
    assert "2h without a failure in shop/staging" in stage.waiting_for
    await life.pass_time(3600)
    assert await commit_of(life, "shop/production") == await commit_of(life, "shop/staging")


HAND = FREE.replace("after: [staging]\n", "after: [staging]\n      auto: false\n")


async def test_a_release_that_waits_is_superseded_and_may_be_asked_for_all_the_same() -> None:
    world, life = await begun(HAND)
    first = await commit_of(life, "shop/staging")
    await life.app.promote(OPERATOR, "shop/production")
    await life.settle()
    second = release(world)
    await life.pass_time(31)
    third = release(world)
    await life.pass_time(31)
    assert (await life.app.stage("shop/production")).candidate == third
    assert f"{second[:12]}: superseded by" in (await life.events("Superseded"))[-1]

    await life.app.promote(OPERATOR, "shop/production", second[:12])
    await life.settle()
    assert await commit_of(life, "shop/production") == second
    with pytest.raises(Stalled, match="older"):
        await life.app.promote(OPERATOR, "shop/production", first[:12])


APPROVED = FREE.replace(
    "after: [staging]\n",
    "after: [staging]\n      approvals: {required: 1, from: [release-managers], expire: 1d}\n",
)


async def test_an_approval_is_of_a_group_not_of_an_author_and_may_be_taken_back() -> None:
    nell = Caller("nell", Role.APPROVER, ("release-managers",))
    world, life = await begun(APPROVED, (Member(nell, ("eleanor@example.com",)),))
    with pytest.raises(NotAllowed, match="member of release-managers"):
        await life.app.approve(APPROVER, "shop/production")
    await life.app.approve(MANAGER, "shop/production")
    await life.settle()
    here = await commit_of(life, "shop/production")
    # Marta made one of two commits of the next release.
    release(world, author="Marta <marta@example.com>")
    await life.app.reconcile(OPERATOR)
    second = release(world, co_authors=("Noah <noah@example.com>", "E <Eleanor@example.com>"))
    await life.pass_time(31)
    assert (await life.app.stage("shop/production")).candidate == second
    for maker in (MANAGER, nell, Caller("noah", Role.APPROVER, ("release-managers",))):
        with pytest.raises(NotAllowed, match="own change"):
            await life.app.approve(maker, "shop/production")
    other = Caller("nora", Role.APPROVER, ("release-managers",))
    await life.app.promotions.hold(OPERATOR, "shop/production", "wait")
    await life.settle()
    await life.app.approve(other, "shop/production", expect=second)
    seen = await world.ledger.stage(StageName("shop", "production"))
    await world.ledger.put_stage(replace(seen, evidence=Digest("sha256:" + "0" * 64)))
    with pytest.raises(Stalled, match="has changed since it was shown"):
        await life.app.approve(other, "shop/production")  # not seen by the stage's last look yet
    await world.ledger.put_stage(seen)
    await life.app.promotions.revoke(other, "shop/production", "not sure")
    await life.app.promotions.lift(OPERATOR, "shop/production")
    await life.settle()
    assert await commit_of(life, "shop/production") == here


async def test_an_approval_expires() -> None:
    world, life = await begun(APPROVED)
    await life.app.promotions.hold(OPERATOR, "shop/staging", "keep")
    until = APPROVED.replace("      approvals", "      windows: {freeze: [{from: "
                             '"2020-01-01T00:00", until: "2099-01-01T00:00", reason: audit}]}\n'
                             "      approvals")  # fmt: skip
    head = world.repository._contents[world.repository._head]
    text = head[PIPELINE].decode().partition("  stages:\n")[0] + "  stages:\n"
    world.repository.commit({PIPELINE: text + until})
    await life.pass_time(31)
    await life.app.approve(MANAGER, "shop/production")
    await life.settle()
    assert (
        "the freeze to end at 2099-01-01 00:00 UTC: audit"
        in (await life.app.stage("shop/production")).waiting_for
    )
    await life.pass_time(86_401)
    assert any("it has expired" in said for said in (
        await life.app.stage("shop/production")
    ).blocked_by)  # fmt: skip


async def test_a_commit_is_traced_through_the_stages() -> None:
    world, life = await begun(HAND)
    second = release(world)
    await life.pass_time(31)
    found = await life.app.promotions.trace(second[:12])
    assert [(one.stage, one.holds) for one in found.stages] == [
        ("shop/dev", True),
        ("shop/staging", True),
        ("shop/production", False),
    ]
    assert "somebody has to ask for it: `trueup promote shop/production`" in found.stages[-1].said
