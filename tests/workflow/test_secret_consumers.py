"""A secret's consumers, from the document to the finding, in a whole controller."""

from dataclasses import replace
from typing import NoReturn

import pytest

from controller.adapters.consumer.memory import MemoryConsumer
from controller.adapters.secret_store.memory import MemorySecretStore
from controller.diagnostics.errors import Stalled, StoreUnreachable
from controller.diagnostics.secret import SecretText
from controller.model.caller import Caller, Role
from controller.model.delivery import RotationPhase, SecretReference
from controller.model.names import SecretName, UnitName
from controller.permission import NotAllowed, NotFound
from controller.workflows import keys
from tests.support.worlds import Killed, Life, MemoryWorld
from tests.workflow.test_secret_copies import PLATFORM

ADA, VERA = Caller("ada", Role.OPERATOR), Caller("vera", Role.VIEWER)
NAME = SecretName("shop", "dev", "key")
SECRET = """\
---
apiVersion: platform/v1
kind: Secret
metadata: {name: key, product: shop}
spec:
  store: main
  generate: {random: {}}
  rotation: {every: 30d, grace: 3s, ackTimeout: 60s}
  consumers:
    - {name: worker, ack: poll}
    - {name: proxy, ack: signal, pidFile: proxy}
    - {name: somebody}
"""


@pytest.fixture
async def life() -> Life:
    world = MemoryWorld()
    world.repository.commit({"all.yaml": (PLATFORM + SECRET).encode()}, subject="first")
    life = world.start()
    await life.begin()
    await life.settle()
    world.clock.advance(60)
    await life.app.rotations.rotate(ADA, str(NAME))
    await life.settle()
    return life


async def phase(life: Life) -> tuple[RotationPhase, tuple[str, ...]]:
    status = await life.world.ledger.secret(NAME)
    assert status is not None
    assert status.delivery is not None
    return status.delivery.phase, status.delivery.waits_for


async def codes(life: Life) -> list[str]:
    found = [finding.code for _, finding in await life.world.ledger.findings()]
    return [code for code in found if code in {"secrets/not-acknowledged", "secrets/overdue"}]


async def test_a_rotation_waits_for_words_and_says_so(life: Life) -> None:
    assert await phase(life) == (RotationPhase.DRAINING, ("worker", "proxy"))
    await life.pass_time(20)
    assert await codes(life) == []
    await life.pass_time(60)
    assert await phase(life) == (RotationPhase.DRAINING, ("worker", "proxy"))
    assert await codes(life) == ["secrets/not-acknowledged"]
    status = await life.world.ledger.secret(NAME)
    assert status is not None
    assert "waits for worker, proxy; `worker`: nothing here tells" in status.message
    for consumer in ("worker", "proxy 2"):
        await life.app.rotations.acknowledge(ADA, str(NAME), consumer)
    await life.pass_time(20)
    assert await phase(life) == (RotationPhase.IDLE, ())
    assert await codes(life) == []
    assert len(await life.events("Acknowledged")) == 2
    assert await life.events("Rotated") == [
        "secret:shop/dev/secret.key generation 2 is delivered: asked for"
    ]


async def test_a_word_survives_a_kill_and_counts_for_one_rotation(life: Life) -> None:
    await life.app.rotations.acknowledge(ADA, str(NAME), "worker")
    life = life.world.start()
    await life.begin()
    await life.settle()
    assert await phase(life) == (RotationPhase.DRAINING, ("proxy",))
    await life.app.rotations.acknowledge(ADA, str(NAME), "proxy")
    await life.pass_time(20)
    assert (await phase(life))[0] is RotationPhase.IDLE
    await life.app.rotations.rotate(ADA, str(NAME))
    await life.pass_time(20)
    assert await phase(life) == (RotationPhase.DRAINING, ("worker", "proxy"))


async def test_a_wrong_word_is_refused(life: Life) -> None:
    said = life.app.rotations.acknowledge
    with pytest.raises(NotAllowed):
        await said(VERA, str(NAME), "worker")
    for secret in ("shop/dev/none", "nonsense"):
        with pytest.raises(NotFound):
            await said(ADA, secret, "worker")
    with pytest.raises(NotFound, match="no consumer `nobody`"):
        await said(ADA, str(NAME), "nobody")
    for number in ("3", "0", "x"):
        with pytest.raises(Stalled):
            await said(ADA, str(NAME), f"worker {number}")


RESTARTED = """\
---
apiVersion: platform/v1
kind: Stack
metadata: {name: api, product: shop}
spec:
  module: modules/local/service
  inputs: {command: [api], env: {KEY_FILE: {secret: key}}}
---
apiVersion: platform/v1
kind: Secret
metadata: {name: key, product: shop}
spec:
  store: main
  generate: {random: {}}
  rotation: {grace: 3s}
  consumers: [{name: api, ack: restart, stack: api}]
"""


class Dies(MemoryConsumer):
    """A restart that the controller does not outlive, the first time."""

    async def has(self, secret: SecretName, generation: int) -> bool:
        """Note that it was asked, and be killed."""
        found = await super().has(secret, generation)
        if len(self.asked) == 1:
            raise Killed
        return found


async def test_a_stack_is_restarted_before_the_old_value_ends() -> None:
    api, unit = Dies("api"), UnitName("shop", "dev", "api")
    world = MemoryWorld(consumers={"api": api})
    platform = PLATFORM.replace("{engine: ", "{providers: {localcloud: {}}, engine: ")
    world.repository.commit({"all.yaml": (platform + RESTARTED).encode()}, subject="first")
    life = world.start()
    await life.begin()
    await life.settle()
    assert (await phase(life), api.asked) == ((RotationPhase.IDLE, ()), [])
    world.clock.advance(60)
    await life.app.rotations.rotate(ADA, str(NAME))
    with pytest.raises(Killed):
        await life.settle()
    # Whether it was restarted is not known: it is asked for again, with the same generation.
    life = world.start()
    await life.begin()
    await life.settle()
    assert (await phase(life), api.asked) == ((RotationPhase.DRAINING, ("api",)), [2, 2])
    wishes, now = life.parts.wishes, world.clock.now()
    await wishes.suspend(unit, suspended=True, at=now)
    await life.pass_time(20)
    assert api.asked == [2, 2]
    assert "`shop/dev/api` is suspended" in await message(life)
    await wishes.suspend(unit, suspended=False, at=now)
    api.generation = 2
    ready = await world.ledger.unit(unit)
    assert ready is not None
    await world.ledger.put_unit(replace(ready, conditions=()))
    await life.loop.work(keys.secret_key(NAME))
    assert "`shop/dev/api` is not ready after its restart" in await message(life)
    assert await life.events("Restarted") == []
    await world.ledger.put_unit(ready)
    await life.pass_time(20)
    assert await phase(life) == (RotationPhase.IDLE, ())
    told = "unit:shop/dev/api it runs with generation 2 of secret `shop/dev/key`"
    assert await life.events("Restarted") == [told]


async def message(life: Life) -> str:
    status = await life.world.ledger.secret(NAME)
    assert status is not None
    return status.message


OLD = """\
---
apiVersion: platform/v1
kind: Secret
metadata: {name: key, product: shop}
spec:
  store: main
  generate: {random: {}}
  rotation: {every: 30d, maxAge: 40d, windows: [{cron: "0 3 1 7 *", for: 1h}]}
---
apiVersion: platform/v1
kind: Secret
metadata: {name: hand, product: shop}
spec:
  store: main
  rotation: {maxAge: 40d}
"""
DAY = 24 * 3600.0


async def test_what_is_too_old_is_told_until_it_is_replaced() -> None:
    world = MemoryWorld()
    world.repository.commit({"all.yaml": (PLATFORM + OLD).encode()}, subject="first")
    by_hand = SecretReference("main", "shop/dev/hand")
    world.store.now = world.clock.now
    await world.store.write(by_hand, {"value": SecretText("written by hand")}, expect=0)
    life = world.start()
    await life.begin()
    await life.settle()
    await life.pass_time(39 * DAY)
    assert await codes(life) == []
    kept, world.store = world.store, Away()
    await life.pass_time(2 * DAY)
    world.store = kept
    assert await codes(life) == ["secrets/overdue", "secrets/overdue"]
    await life.pass_time(600)
    assert await codes(life) == ["secrets/overdue"]
    told = "secret:shop/dev/secret.key"
    assert await life.events("Rotated") == [
        f"{told} generation 2 is delivered: older than its `maxAge`, outside of its windows"
    ]
    await world.store.write(by_hand, {"value": SecretText("written anew")}, expect=1)
    await life.pass_time(600)
    assert await codes(life) == []


class Away(MemorySecretStore):
    """Does not answer."""

    async def describe(self, reference: SecretReference) -> NoReturn:
        raise StoreUnreachable.because(f"reading {reference.path}: nobody answers")
