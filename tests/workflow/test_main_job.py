"""The main job on memory adapters: state in, what happened, state out."""

from datetime import timedelta

import pytest

from controller.diagnostics.errors import Stalled
from controller.model.caller import Caller, Role
from controller.model.names import StageName, UnitName
from controller.permission import NotAllowed
from tests.support.worlds import MemoryWorld

API = "products/shop/stacks/api.yaml"
SOMEBODY = Caller("demo", Role.APPROVER)
API_IN_DEV = UnitName("shop", "dev", "shop-api")


def greeting(world: MemoryWorld, environment: str = "dev") -> object:
    """What the live API of an environment greets with."""
    return world.engine.cloud[f"shop/{environment}/shop-api"]["env"]["GREETING"]  # type: ignore[index]


@pytest.fixture
async def world() -> MemoryWorld:
    """A world whose first release is in dev and staging, and waits before production."""
    world = MemoryWorld()
    world.example()
    life = world.start()
    await life.begin()
    await life.settle()
    return world


async def test_a_release_goes_to_staging_and_waits_for_a_person_before_production(world) -> None:
    life = world.start()
    stages = {stage.name: stage for stage in await life.app.stages()}

    assert stages["shop/dev"].health == stages["shop/staging"].health == "healthy"
    assert stages["shop/staging"].verified
    assert stages["shop/production"].approval_wanted
    assert not any(name.startswith("shop/production") for name in world.engine.cloud)


async def test_nobody_approves_their_own_release(world) -> None:
    life = world.start()
    await life.begin()

    with pytest.raises(NotAllowed):
        await life.app.approve(Caller("Casey Developer", Role.ADMIN), "shop/production")
    await life.app.approve(SOMEBODY, "shop/production")
    await life.settle()

    stage = await life.app.stage("shop/production")
    assert stage.health == "healthy"
    decision = await life.app.decision(stage.decision)
    assert [approval["by"] for approval in decision["approvals"]] == ["demo"]


async def test_a_change_goes_through_the_same_gates(world) -> None:
    life = world.start()
    await life.begin()
    gates = len(world.generator.orders)
    world.edit(API, "Welcome to the shop", "Good morning")

    await life.pass_time(31)

    assert greeting(world) == greeting(world, "staging") == "Good morning"
    assert len(world.generator.orders) == gates + 2


async def test_a_slow_release_is_taken_back_and_not_tried_again(world) -> None:
    life = world.start()
    await life.begin()
    good = (await life.app.stage("shop/dev")).commit
    slow = world.edit(API, "Welcome to the shop", "Slow morning")
    world.p95 = 900.0

    await life.pass_time(31)
    await life.pass_time(3600)

    dev = await life.app.stage("shop/dev")
    assert dev.commit == good
    assert greeting(world) == "Welcome to the shop"
    assert f'rejected_commit: "{slow}"' in (await world.pointers.read())["shop/dev.yaml"]
    assert len(await life.events("RolledBack")) == 1
    with pytest.raises(Stalled, match="a gate took"):  # it would keep newer ones waiting in vain
        await life.app.promotions.promote(Caller("olga", Role.OPERATOR), "shop/dev", slow)


async def test_one_bad_run_of_three_is_taken_for_noise(world) -> None:
    life = world.start()
    await life.begin()
    commit = world.edit(API, "Welcome to the shop", "Noisy morning")
    world.noise = [900.0]

    await life.pass_time(31)

    assert (await life.app.stage("shop/staging")).commit == commit
    assert "2 of 3 runs" in (await life.events("GatePass"))[-2]


async def test_a_gate_that_is_not_there_is_said_on_the_stage(world) -> None:
    life = world.start()
    await life.begin()
    world.repository.commit({"products/shop/load.yaml": None})
    world.edit("products/shop/pipeline.yaml", "gates: [shop-load]", "gates: []")
    await life.pass_time(31)
    assert (await life.app.stage("shop/dev")).health == "healthy"


async def test_a_newer_release_is_tried_after_one_was_taken_back(world) -> None:
    life = world.start()
    await life.begin()
    world.edit(API, "Welcome to the shop", "Slow morning")
    world.p95 = 900.0
    await life.pass_time(31)

    world.p95 = 10.0
    world.edit(API, "Slow morning", "Quick morning")
    await life.pass_time(31)

    assert greeting(world, "staging") == "Quick morning"


async def test_drift_is_named_and_put_back(world) -> None:
    life = world.start()
    await life.begin()
    world.engine.cloud["shop/dev/shop-api"]["replicas"] = 7

    await life.app.look_for_drift(SOMEBODY.__class__("op", Role.OPERATOR), str(API_IN_DEV))
    await life.settle()

    assert world.engine.cloud["shop/dev/shop-api"]["replicas"] == 1
    assert "replicas" in (await life.events("DriftDetected"))[0]
    assert "replicas" in (await life.events("DriftCorrected"))[0]


async def test_a_commit_that_changes_nothing_costs_no_engine_call(world) -> None:
    life = world.start()
    await life.begin()
    await life.settle()
    world.engine.calls.clear()
    pointers = len(world.pointers.commits)

    world.repository.commit({"README.md": "other words"}, subject="words")
    await life.pass_time(31)

    assert world.engine.calls == []
    assert len(world.pointers.commits) == pointers
    assert len(await life.events("NewRevision")) == 2


async def test_a_broken_document_stops_only_what_needs_it(world) -> None:
    life = world.start()
    await life.begin()
    staging = (await life.app.stage("shop/staging")).commit
    world.repository.commit(
        {
            "products/shop/stacks/reports.yaml": "apiVersion: platform/v1\nkind: Stack\n"
            "metadata: {name: shop-reports, product: shop}\nspec:\n"
            "  modul: modules/local/storage\n"
        }
    )
    world.edit(API, "Welcome to the shop", "Still here")

    await life.pass_time(31)

    findings = await life.app.findings()
    assert [finding.place for finding in findings] == ["products/shop/stacks/reports.yaml:5:3"]
    assert greeting(world) == "Still here"
    assert (await life.app.stage("shop/staging")).commit == staging


async def test_a_file_that_cannot_be_read_removes_nothing(world) -> None:
    life = world.start()
    await life.begin()
    before = dict(world.engine.cloud)

    world.repository.commit({API: "a: [\n", "platform/environments.yaml": "\t- no\n"})
    await life.pass_time(31)

    assert world.engine.cloud == before
    assert all(unit.ready == "True" for unit in await life.app.units())
    assert len(await life.app.findings()) >= 2


async def test_a_repository_out_of_reach_keeps_nothing_else_from_going_on(world) -> None:
    world.repository.unreachable = "no route"
    world.pointers.unreachable = "no route"
    life = world.start()
    await life.begin()
    world.engine.cloud["shop/dev/shop-api"]["replicas"] = 7

    await life.pass_time(601)

    assert world.engine.cloud["shop/dev/shop-api"]["replicas"] == 1


async def test_a_document_that_is_gone_is_refused_unless_it_may_be_destroyed(world) -> None:
    life = world.start()
    await life.begin()
    world.edit(
        "products/shop/stacks/storage.yaml", "  inputs:", "  deletionPolicy: destroy\n  inputs:"
    )
    await life.pass_time(31)
    world.repository.commit({"products/shop/stacks/storage.yaml": None})
    world.edit(API, "      RECEIPTS_DIR: {output: shop-storage.path}\n", "")

    await life.pass_time(31)
    await life.pass_time(31)

    assert "shop/dev/shop-storage" not in world.engine.cloud
    assert await world.ledger.unit(UnitName("shop", "dev", "shop-storage")) is None
    assert (await life.app.stage("shop/dev")).health == "healthy"


async def test_a_suspended_environment_is_left_alone(world) -> None:
    life = world.start()
    await life.begin()
    world.edit(
        "platform/environments.yaml",
        "  description: Every merged change arrives here first\n",
        "  suspended: true\n",
    )
    await life.pass_time(31)
    world.edit(API, "Welcome to the shop", "Good morning")

    await life.pass_time(31)

    assert greeting(world) == "Welcome to the shop"
    stage = await world.ledger.stage(StageName("shop", "dev"))
    assert stage is not None and "resume dev" in stage.waiting_for


async def test_a_plan_that_would_lose_data_waits_for_a_person(world) -> None:
    life = world.start()
    await life.begin()
    world.engine._replaced_by = frozenset({"database"})
    world.edit("products/shop/stacks/database.yaml", "database: shop", "database: market")

    await life.pass_time(31)
    unit = await life.app.unit("shop/dev/shop-db")
    assert unit.reason == "ApprovalPending"
    assert world.engine.cloud["shop/dev/shop-db"]["database"] == "shop"

    await life.app.approve_plan(SOMEBODY, "shop/dev/shop-db")
    await life.settle()

    assert world.engine.cloud["shop/dev/shop-db"]["database"] == "market"


async def test_every_status_makes_sense(world) -> None:
    for unit in await world.ledger.units():
        kinds = [condition.type for condition in unit.conditions]
        assert len(kinds) == len(set(kinds))
        assert "Ready" in kinds
        assert not ("Stalled" in kinds and unit.is_true(unit.conditions[0].type))
        assert all(condition.reason and condition.message for condition in unit.conditions)
    assert await world.ledger.verify_chain() is None


NOTIFICATION = """\
apiVersion: platform/v1
kind: Notification
metadata: {name: chat}
spec: {to: {log: {}}, severity: normal, reasons: [Applied, Promoted], products: [shop]}
"""


async def test_receivers_are_told_once_of_what_they_want(world) -> None:
    life = world.start()
    await life.begin()
    world.repository.commit({"platform/chat.yaml": NOTIFICATION})
    await life.pass_time(31)
    world.edit(API, "Welcome to the shop", "Good morning")
    await life.pass_time(31)

    again = world.start()
    await again.begin()
    await again.settle()

    told = [event.reason for event in world.notifier.received]
    assert sorted(set(told)) == ["Applied", "Promoted"]
    numbers = [event.number for event in world.notifier.received]
    assert numbers == sorted(set(numbers))


POLICY = """\
apiVersion: platform/v1
kind: Policy
metadata: {name: careful}
spec: {environments: [dev], rules: [{rule: protected-stack, level: deny}]}
"""
EXCEPTION = """\
apiVersion: platform/v1
kind: Exception
metadata: {name: database-moves}
spec:
  rule: protected-stack
  where: {products: [shop], environments: [dev]}
  owner: team-shop
  reason: it moves once
  expires: EXPIRES
"""


async def test_an_exception_turns_a_denied_plan_into_one_that_a_person_may_approve(world) -> None:
    life = world.start()
    await life.begin()
    world.engine._replaced_by = frozenset({"database"})
    world.repository.commit({"platform/policies.yaml": POLICY})
    world.edit("products/shop/stacks/database.yaml", "database: shop", "database: market")
    await life.pass_time(31)
    assert (await life.app.unit("shop/dev/shop-db")).reason == "PolicyDenied"

    expires = str(world.clock.now().date() + timedelta(days=30))
    world.repository.commit({"platform/exceptions.yaml": EXCEPTION.replace("EXPIRES", expires)})
    await life.pass_time(31)

    assert await life.app.findings() == []
    assert (await life.app.unit("shop/dev/shop-db")).reason == "ApprovalPending"
