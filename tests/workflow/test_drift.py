"""Looks for drift: on their own schedule, told by kind, let be by rules, never silently missing."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from controller.adapters.audit_log.memory import MemoryAuditLog
from controller.adapters.engine.memory import MemoryEngine
from controller.diagnostics.errors import EngineFailed, StateLocked
from controller.model.audit import AuditRecord
from controller.model.caller import Caller, Role
from controller.model.condition import ConditionType, Truth
from controller.model.names import UnitName
from controller.model.plan import DriftKind
from controller.workflows.watch import watch
from tests.support.worlds import Killed, Life, MemoryWorld

API = "products/shop/stacks/api.yaml"
OPERATOR = Caller("op", Role.OPERATOR)
UNIT = UnitName("shop", "dev", "shop-api")
CORRECT = "  drift: {mode: correct, every: 10m}\n"
RULE = """\
    ignore:
      - resource: unit.*
        attribute: replicas
        reason: somebody scales it by hand this week
        owner: team-shop
        until: "{until}"
"""

EXTRA = """\
apiVersion: platform/v1
kind: Stack
metadata: {name: extra, product: shop}
spec:
  module: modules/local/storage
  inputs: {versioning: true, labels: {holds: receipts}}
  drift: {mode: correct, every: 10m}
"""


def drift_of(mode: str, rule: str = "") -> str:
    return f"  drift:\n    mode: {mode}\n    every: 10m\n{rule}"


async def settled(drift: str = CORRECT) -> tuple[MemoryWorld, Life]:
    world = MemoryWorld()
    world.example()
    world.edit(API, CORRECT, drift)
    life = world.start()
    await life.begin()
    await life.settle()
    return world, life


async def look(life: Life) -> None:
    await life.app.look_for_drift(OPERATOR, str(UNIT))
    await life.settle()


def cloud(world: MemoryWorld) -> dict[str, object]:
    return world.engine.cloud[str(UNIT)]


async def in_sync(life: Life) -> tuple[Truth, str, str]:
    status = await life.world.ledger.unit(UNIT)
    assert status is not None
    found = status.condition(ConditionType.IN_SYNC)
    assert found is not None
    return found.status, found.reason, found.message


async def test_what_is_only_reported_is_never_put_back_by_itself() -> None:
    world, life = await settled(drift_of("report"))
    cloud(world)["replicas"] = 7
    await life.pass_time(601)
    await life.pass_time(7200)

    assert cloud(world)["replicas"] == 7
    assert await in_sync(life) == (Truth.FALSE, "DriftDetected", "unit.this (replicas)")
    (event,) = await life.events("DriftDetected")
    assert "replicas: 1 → 7" in event

    await life.app.reconcile(OPERATOR, str(UNIT))
    await life.settle()

    assert cloud(world)["replicas"] == 1
    assert (await in_sync(life))[0] == Truth.TRUE
    cloud(world)["replicas"] = 8
    await life.pass_time(7200)
    assert cloud(world)["replicas"] == 8


async def test_what_no_document_says_is_told_as_unmanaged_and_left_as_it_is() -> None:
    world, life = await settled()
    cloud(world)["computed_rules"] = "port 22 is open"
    await look(life)
    await life.pass_time(1300)

    truth, reason, message = await in_sync(life)
    assert (truth, reason) == (Truth.FALSE, "UnmanagedDrift")
    assert "unmanaged (computed_rules)" in message
    status = await world.ledger.unit(UNIT)
    assert status is not None
    assert [change.drift for change in status.drift] == [DriftKind.UNMANAGED]
    assert len(await life.events("DriftDetected")) == 1
    assert await life.events("DriftCorrected") == []

    world.edit(API, "replicas: 1", "replicas: 2")
    await life.pass_time(31)

    (told,) = await life.events("DriftTakenOver")
    assert "computed_rules" in told
    assert (await in_sync(life))[0] == Truth.TRUE


async def test_a_rule_lets_an_attribute_be_until_its_last_day() -> None:
    until = MemoryWorld().clock.now().date() + timedelta(days=1)
    world, life = await settled(drift_of("correct", RULE.format(until=until)))
    cloud(world)["replicas"] = 7
    await look(life)

    assert await in_sync(life) == (Truth.TRUE, "InSync", "nothing differs (1 ignored)")
    view = await life.app.unit(str(UNIT))
    assert [each.owner for each in view.drift_ignored] == ["team-shop"]
    assert (view.drift, view.drift_unused) == ((), ())
    assert cloud(world)["replicas"] == 7

    await life.pass_time(86400 * 2)

    assert cloud(world)["replicas"] == 1
    codes = [found.code for found in await life.app.findings()]
    assert "load/drift-ignore-expired" in codes


async def test_a_rule_that_is_not_needed_is_shown_and_a_lost_thing_is_never_let_be() -> None:
    world, life = await settled(drift_of("correct", RULE.format(until=date.max.isoformat())))
    await look(life)
    assert (await life.app.unit(str(UNIT))).drift_unused == ("unit.* replicas",)

    del world.engine.cloud[str(UNIT)]
    await look(life)
    assert cloud(world)["replicas"] == 1


async def test_a_plan_that_would_put_back_what_is_let_be_asks() -> None:
    world, life = await settled(drift_of("report", RULE.format(until=date.max.isoformat())))
    cloud(world)["replicas"] = 7
    await look(life)
    world.edit(API, "Welcome to the shop", "Good day")
    await life.pass_time(31)

    unit = await life.app.unit(str(UNIT))
    assert unit.reason == "ApprovalPending"
    assert "replicas" in unit.message
    assert cloud(world)["replicas"] == 7


async def test_what_waits_to_be_applied_is_no_drift() -> None:
    world, life = await settled(drift_of("report", RULE.format(until=date.max.isoformat())))
    cloud(world)["replicas"] = 7
    await look(life)
    world.edit(API, "Welcome to the shop", "Good day")
    await life.pass_time(31)
    await look(life)

    assert await in_sync(life) == (Truth.TRUE, "InSync", "nothing differs (1 ignored)")


async def test_a_failing_unit_is_looked_at_all_the_same() -> None:
    world, life = await settled(drift_of("report"))
    for _ in range(20):
        world.engine.fail("plan", EngineFailed.because("the provider is broken"))
    world.edit(API, "Welcome to the shop", "Good day")
    await life.pass_time(31)
    assert (await life.app.unit(str(UNIT))).ready != "True"
    before = (await life.app.unit(str(UNIT))).drift_looked_at
    cloud(world)["replicas"] = 7
    await life.pass_time(601)

    unit = await life.app.unit(str(UNIT))
    assert before is not None
    assert unit.drift_looked_at is not None
    assert unit.drift_looked_at > before
    assert unit.in_sync == "False"


@pytest.mark.parametrize("error", [EngineFailed, StateLocked])
async def test_a_look_that_fails_is_told_and_too_old_a_look_is_a_finding(error) -> None:
    world, life = await settled()
    for _ in range(2000):
        world.engine.fail("refresh", error.because("nobody answers"))
    await look(life)

    truth, reason, message = await in_sync(life)
    assert (truth, reason) == (Truth.UNKNOWN, error.because("").reason)
    assert "nobody answers" in message
    assert len(await life.events("LookFailed")) == (1 if error is EngineFailed else 0)
    assert all(found.code != "drift/not-looked-at" for found in await life.app.findings())

    world.clock.advance(2401)
    await life.app.reconcile(OPERATOR)
    await life.settle()

    found = [each for each in await life.app.findings() if each.code == "drift/not-looked-at"]
    assert str(UNIT) in found[0].message
    assert "nobody answers" in found[0].hint
    assert any(str(UNIT) in told for told in await life.events("NotLookedAt"))

    world.engine._failures.clear()
    await life.pass_time(301)
    await life.pass_time(31)
    assert [f.code for f in await life.app.findings() if f.code.startswith("drift/")] == []
    assert (await in_sync(life))[0] == Truth.TRUE


async def test_a_unit_that_is_gone_from_git_but_kept_is_still_looked_at() -> None:
    world, life = await settled()
    world.repository.commit({"extra.yaml": EXTRA}, subject="more")
    await life.pass_time(31)
    world.repository.commit({"extra.yaml": None}, subject="away")
    await life.pass_time(31)
    world.engine.cloud["shop/dev/extra"]["labels"] = "elsewhere"
    await life.pass_time(601)
    unit = await life.app.unit("shop/dev/extra")
    assert (unit.ready, unit.in_sync) == ("False", "False")
    assert world.engine.cloud["shop/dev/extra"]["labels"] == "elsewhere"


async def test_the_log_of_the_provider_names_who_may_have_done_it() -> None:
    world, life = await settled(drift_of("report"))
    log = world.audit_logs["dev"] = MemoryAuditLog()
    world.engine.identities = ("i-1",)
    at = world.clock.now() + timedelta(minutes=5)
    robin = AuditRecord(at, "robin", "ModifyInstance", "i-1", "192.0.2.7")
    log.records = [robin, AuditRecord(at, "kim", "ModifyInstance", "i-2")]
    cloud(world)["replicas"] = 7
    await life.pass_time(601)

    assert (await life.app.unit(str(UNIT))).drift_by == (robin,)
    (event,) = await life.events("DriftDetected")
    assert event.endswith("maybe by robin (ModifyInstance)")

    log.missing = "there is no log"
    cloud(world)["replicas"] = 9
    await life.pass_time(601)
    assert (await in_sync(life))[0] == Truth.FALSE
    assert len(await life.events("AuditLogUnreadable")) == 1


@pytest.mark.parametrize(("extra", "ready"), [({}, "True"), ({"versioning": False}, "False")])
async def test_what_is_taken_over_unchanged_needs_nobody_else_somebody_is_asked(
    extra: dict[str, object], ready: str
) -> None:
    world, life = await settled()
    world.engine.cloud["made-by-hand"] = {**world.engine.cloud["shop/dev/shop-storage"], **extra}
    world.engine.cloud["made-by-hand"]["stack"] = "extra"
    text = EXTRA + "  import:\n    - {environment: dev, to: unit.this, id: made-by-hand}\n"
    world.repository.commit({"extra.yaml": text}, subject="more")
    await life.pass_time(31)

    unit = await life.app.unit("shop/dev/extra")
    assert unit.ready == ready, unit.message
    assert ("made-by-hand" in world.engine.cloud) is (ready == "False")
    if ready == "False":
        assert unit.reason == "ApprovalPending"
        assert "of what is imported" in unit.message


class Meddled(MemoryEngine):
    """Somebody stops the service just when an apply reads back what it has made."""

    is_meddled = False

    async def normalise(self, directory: Path) -> None:
        if self.is_meddled:
            self.is_meddled = False
            self.cloud[str(UNIT)]["replicas"] = 0
        await super().normalise(directory)


async def test_what_a_cut_off_apply_read_back_is_not_taken_for_wanted() -> None:
    engine = Meddled()
    world = MemoryWorld(engine=engine)
    world.example()
    life = world.start()
    await life.begin()
    await life.settle()
    wanted = cloud(world)["replicas"]
    cloud(world)["replicas"], engine.is_meddled = 7, True

    def on_step(name: str, moment: str) -> None:
        if (name, moment) == ("record", "before"):
            raise Killed

    life = world.start(on_step)
    await life.begin()
    with pytest.raises(Killed):
        await look(life)
    assert cloud(world)["replicas"] == 0
    life = world.start()
    await life.begin()
    await watch(life.parts, UNIT)  # before the unit has its turn
    await life.settle()
    assert cloud(world)["replicas"] == wanted


STORAGE = UnitName("shop", "dev", "shop-storage")


async def both_are_down() -> tuple[MemoryWorld, Life]:
    """A storage and the service that needs it, as a machine leaves them that starts anew."""
    world, life = await settled()
    for name in (UNIT, STORAGE):
        world.engine.cloud[str(name)]["running"] = "no"
    world.clock.advance(1)
    world.engine.calls.clear()
    return world, life


def corrected(world: MemoryWorld) -> list[str]:
    return [name for call, name in world.engine.calls if call == "apply"]


async def test_what_others_need_is_put_back_first_although_it_was_not_looked_at_yet() -> None:
    world, life = await both_are_down()
    await look(life)
    assert corrected(world) == [str(STORAGE), str(UNIT)]
    assert (await in_sync(life))[0] == Truth.TRUE
    assert (await life.app.unit(str(UNIT))).ready == "True"


async def test_a_correction_waits_until_that_of_what_it_needs_was_made() -> None:
    world, life = await both_are_down()
    world.engine.fail("apply", EngineFailed.because("the disk is slow today"))
    await look(life)
    assert corrected(world) == [str(STORAGE)]
    await life.pass_time(31)
    assert corrected(world) == [str(STORAGE), str(STORAGE), str(UNIT)]


@pytest.mark.parametrize("why", ["not looked at", "cannot be looked at", "suspended"])
async def test_what_nobody_puts_back_holds_up_nothing(why: str) -> None:
    world, life = await both_are_down()
    if why == "not looked at":
        path = "products/shop/stacks/storage.yaml"
        world.edit(path, "mode: correct", "mode: off")
        await life.pass_time(31)
    elif why == "suspended":
        await life.app.suspend(OPERATOR, str(STORAGE), suspended=True)
        await life.settle()
    else:
        status = await world.ledger.unit(STORAGE)
        assert status is not None
        await life.parts.recording.unit_not_looked_at(STORAGE, EngineFailed.because("no answer"))
    await look(life)
    assert str(UNIT) in corrected(world)
    assert (await in_sync(life))[0] == Truth.TRUE


async def test_a_look_that_finds_what_it_needs_as_it_was_lets_the_correction_go_on() -> None:
    world, life = await settled()
    cloud(world)["replicas"] = 7
    world.clock.advance(1)
    await look(life)
    storage = await world.ledger.unit(STORAGE)
    assert storage is not None
    assert storage.drift_looked_at == world.clock.now()
    assert cloud(world)["replicas"] == 1
