"""What people asked for stands, whatever is written meanwhile."""

from datetime import UTC, datetime

from controller.adapters.clock.memory import START
from controller.adapters.ledger.memory import MemoryLedger
from controller.model.names import Digest, SecretName, UnitName
from controller.workflows.wishes import Wish, Wishes

UNIT = UnitName("shop", "dev", "api")
RELEASE = Digest("sha256:" + "a" * 64)


async def test_a_unit_is_suspended_by_itself_or_by_its_stage() -> None:
    wishes = Wishes(MemoryLedger())
    assert not await wishes.is_suspended(UNIT)
    await wishes.suspend(UNIT.stage, suspended=True, at=START)
    assert await wishes.is_suspended(UNIT)
    await wishes.suspend(UNIT.stage, suspended=False, at=START)
    await wishes.suspend(UNIT, suspended=True, at=START)
    assert await wishes.is_suspended(UNIT)
    assert not await wishes.is_suspended(UNIT.stage)


async def test_a_rotation_a_promotion_and_a_plan_are_remembered() -> None:
    wishes = Wishes(MemoryLedger())
    secret, now = SecretName("shop", "dev", "key"), datetime(2026, 1, 1, tzinfo=UTC)
    assert await wishes.rotation_asked_at(secret) is None
    await wishes.rotate(secret, now)
    assert await wishes.rotation_asked_at(secret) == now
    wish = Wish(RELEASE, "ada", now, pinned=True)
    await wishes.promote(UNIT.stage, wish)
    assert await wishes.asked_for(UNIT.stage) == wish
    await wishes.withdraw(UNIT.stage)
    assert await wishes.asked_for(UNIT.stage) is None
    assert await wishes.waiting_plan(UNIT) is None
    await wishes.plan_waits(UNIT, RELEASE)
    assert await wishes.waiting_plan(UNIT) == RELEASE
