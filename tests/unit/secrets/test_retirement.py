"""An old value ends when its consumers have the new one, and unknown is not yes."""

from dataclasses import replace
from datetime import timedelta

import pytest

from controller.adapters.clock.memory import MemoryClock
from controller.adapters.consumer.memory import MemoryConsumer
from controller.adapters.credential.memory import MemoryCredentialIssuer, MemoryMaker
from controller.adapters.secret_store.memory import MemorySecretStore
from controller.adapters.secret_target.memory import MemorySecretTarget
from controller.diagnostics.secret import SecretText
from controller.model.delivery import Delivery, RotationPhase
from controller.model.names import SecretName
from controller.steps.secrets.deliver import ASK_AGAIN, deliver
from controller.steps.secrets.request import (
    Issued,
    Random,
    Rotation,
    SecretPorts,
    SecretRequest,
    reference_of,
)

NAME = SecretName("shop", "dev", "key")
ROTATION = Rotation(timedelta(days=30), timedelta(seconds=3), ack_timeout=timedelta(seconds=60))


class World:
    def __init__(self, *names: str) -> None:
        self.clock = MemoryClock()
        self.consumers = tuple(MemoryConsumer(name) for name in names)
        self.made = 0
        self.ports = SecretPorts(
            MemorySecretStore(self.clock.now), MemorySecretTarget(), MemoryCredentialIssuer(),
            self.new_secret, self.clock.now, consumers=self.consumers,
        )  # fmt: skip
        self.request = SecretRequest(
            NAME, reference_of("main", NAME), Random(32), rotation=ROTATION, consumers=names
        )

    def new_secret(self, length: int) -> SecretText:
        self.made += 1
        return SecretText(f"{self.made:0{length}}")

    async def deliver(self, *, after: float = 0) -> Delivery:
        self.clock.advance(after)
        return await deliver(self.request, self.ports)

    async def draining(self) -> Delivery:
        assert (await self.deliver()).phase is RotationPhase.IDLE
        delivery = await self.deliver(after=timedelta(days=30).total_seconds())
        assert delivery.phase is RotationPhase.DRAINING
        return delivery


async def test_a_first_value_waits_for_nobody() -> None:
    world = World("proxy")
    assert (await world.deliver()).phase is RotationPhase.IDLE
    assert world.consumers[0].asked == []


async def test_the_old_value_stays_until_all_have_the_new_one() -> None:
    world = World("proxy", "worker")
    delivery = await world.draining()
    assert delivery.waits_for == ("proxy", "worker")
    assert not delivery.acknowledged
    world.consumers[0].generation = 2
    delivery = await world.deliver(after=5)
    assert (delivery.phase, delivery.waits_for) == (RotationPhase.DRAINING, ("worker",))
    assert delivery.come_again == world.clock.now() + ASK_AGAIN
    stored = await world.ports.store.read(world.request.reference)
    assert stored is not None
    assert "previous" in stored
    world.consumers[1].generation = 2
    assert (await world.deliver(after=5)).phase is RotationPhase.IDLE


async def test_the_grace_is_kept_when_all_were_quick() -> None:
    world = World("proxy")
    world.consumers[0].generation = 2
    delivery = await world.draining()
    assert delivery.acknowledged
    assert (await world.deliver(after=2)).phase is RotationPhase.DRAINING
    assert (await world.deliver(after=2)).phase is RotationPhase.IDLE


async def test_who_was_heard_is_not_told_again() -> None:
    world = World("proxy", "worker")
    world.consumers[0].generation = 2
    await world.draining()
    for _ in range(3):
        await world.deliver(after=5)
    assert world.consumers[0].asked == [2]
    assert len(world.consumers[1].asked) == 4


@pytest.mark.parametrize("anyway", [True, False])
async def test_after_the_time_for_acknowledgements_the_document_decides(anyway: bool) -> None:
    world = World("proxy")
    world.request = replace(world.request, rotation=replace(ROTATION, retire_anyway=anyway))
    delivery = await world.draining()
    assert delivery.late_at == world.clock.now() + timedelta(seconds=60)
    assert (await world.deliver(after=59)).phase is RotationPhase.DRAINING
    last = await world.deliver(after=100)
    assert last.phase is (RotationPhase.IDLE if anyway else RotationPhase.DRAINING)
    stored = await world.ports.store.read(world.request.reference)
    assert ("previous" in (stored or {})) is not anyway


async def test_a_consumer_that_is_taken_out_of_the_document_is_waited_for_no_more() -> None:
    world = World("proxy", "gone")
    world.consumers[0].generation = 2
    await world.draining()
    assert (await world.deliver(after=5)).waits_for == ("gone",)
    world.request = replace(world.request, consumers=("proxy",))
    world.ports = replace(world.ports, consumers=world.consumers[:1])
    assert (await world.deliver(after=5)).phase is RotationPhase.IDLE


async def test_the_place_of_the_proof_is_waited_for() -> None:
    world = World()
    maker = MemoryMaker(proof="tls://shop:443")
    world.request = replace(world.request, kind=Issued(maker), template="{name}")
    first = await world.draining()
    assert first.waits_for == ("tls://shop:443",)
    assert len(maker.alive) == 2
    assert (await world.deliver(after=5)).phase is RotationPhase.DRAINING
    maker.used = "key2"
    assert (await world.deliver(after=5)).phase is RotationPhase.IDLE
    assert list(maker.alive) == ["key2"]
