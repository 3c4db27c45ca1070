"""A rotation is stopped before and after each call of a port, and goes on with fresh objects."""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from controller.adapters.clock.memory import MemoryClock
from controller.adapters.credential.memory import MemoryCredentialIssuer
from controller.adapters.secret_store.memory import MemorySecretStore
from controller.adapters.secret_target.memory import MemorySecretTarget
from controller.diagnostics.errors import PlanStale, StateLocked
from controller.diagnostics.secret import SecretText
from controller.model.delivery import DatabaseAddress, Delivery, RotationPhase
from controller.model.names import SecretName
from controller.steps.secrets.deliver import deliver
from controller.steps.secrets.record import load
from controller.steps.secrets.request import (
    PostgresLogin,
    Random,
    Rotation,
    SecretPorts,
    SecretRequest,
    reference_of,
)

NAME = SecretName("shop", "dev", "key")
DATABASE = DatabaseAddress(SecretText("host=/run"), "postgresql://127.0.0.1:5432/shop")
GRACE = timedelta(seconds=3)


class ControllerKilledError(BaseException):
    """Passes every `except Exception`, as a killed process would."""


@dataclass
class Switch:
    """Counts the calls of all ports, checks the world after each, and stops at a chosen one."""

    stop_at: int | None = None
    before: bool = True
    check: Callable[[], None] = lambda: None
    calls: list[str] = field(default_factory=list)

    async def pass_on(self, name: str, call: Callable[[], Awaitable[Any]]) -> Any:
        self.calls.append(name)
        here = len(self.calls) - 1 == self.stop_at
        if here and self.before:
            raise ControllerKilledError(name)
        answer = await call()
        self.check()
        if here:
            raise ControllerKilledError(name)
        return answer


class Watched:
    """An adapter whose every call goes through the switch."""

    def __init__(self, inner: Any, switch: Switch) -> None:
        self._inner = inner
        self._switch = switch

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)
        if name == "address":
            return method
        label = f"{type(self._inner).__name__}.{name}"
        return lambda *args, **named: self._switch.pass_on(label, lambda: method(*args, **named))


@dataclass
class World:
    """What outlives a controller: the store, the target, the logins and the time."""

    request: SecretRequest
    clock: MemoryClock = field(default_factory=MemoryClock)
    store: MemorySecretStore = field(default_factory=MemorySecretStore)
    target: MemorySecretTarget = field(default_factory=MemorySecretTarget)
    logins: MemoryCredentialIssuer = field(default_factory=MemoryCredentialIssuer)
    made: int = 0

    def ports(self, switch: Switch) -> SecretPorts:
        return SecretPorts(
            Watched(self.store, switch),
            Watched(self.target, switch),
            Watched(self.logins, switch),
            self.new_secret,
            self.clock.now,
        )

    def new_secret(self, length: int) -> SecretText:
        self.made += 1
        return SecretText(f"{self.made:0{length}}")

    async def deliver(self, switch: Switch | None = None) -> Delivery:
        return await deliver(self.request, self.ports(switch or Switch()))

    async def finish(self, switch: Switch | None = None) -> Delivery:
        switch = switch or Switch()
        while (delivery := await self.deliver(switch)).phase is not RotationPhase.IDLE:
            assert delivery.come_again is not None
            self.clock.set(max(delivery.come_again, self.clock.now()))
        return delivery

    def text(self) -> str:
        return self.target.delivered[NAME][1].reveal()

    def delivered_login_works(self) -> None:
        login, password = self.text().split(":")
        assert self.logins.logins[DATABASE.url, login] == SecretText(password)

    def working_logins(self) -> list[str]:
        return [login for (_, login), text in self.logins.logins.items() if text is not None]


def login_request(requested_at: datetime | None = None) -> SecretRequest:
    return SecretRequest(
        NAME,
        reference_of("main", NAME),
        PostgresLogin(DATABASE, "shop_app"),
        "{username}:{password}",
        Rotation(timedelta(days=30), GRACE),
        requested_at,
    )


def random_request() -> SecretRequest:
    return replace(login_request(), kind=Random(32), template=None)


async def delivered_once(request: SecretRequest) -> World:
    world = World(request)
    await world.finish()
    world.clock.advance(timedelta(days=31).total_seconds())
    return world


async def points(request: SecretRequest) -> Iterator[tuple[int, bool]]:
    world = await delivered_once(request)
    switch = Switch()
    await world.finish(switch)
    return iter([(point, before) for point in range(len(switch.calls)) for before in (True, False)])


async def state_of(world: World) -> tuple[object, ...]:
    record = await load(world.store, world.request)
    assert record is not None
    return record.phase, record.generation, record.current and record.current.login


async def test_a_login_rotation_survives_a_stop_at_every_point() -> None:
    count = 0
    for point, before in await points(login_request()):
        world = await delivered_once(login_request())
        old = world.text()
        switch = Switch(point, before, world.delivered_login_works)
        with pytest.raises(ControllerKilledError):
            await world.finish(switch)
        world.delivered_login_works()
        delivery = await world.finish(Switch(check=world.delivered_login_works))
        assert await state_of(world) == (RotationPhase.IDLE, 2, "shop_app_b")
        assert delivery.generation == 2
        assert world.working_logins() == ["shop_app_b"]
        assert world.text() != old
        count += 1
    assert count > 40


async def test_a_random_rotation_survives_a_stop_at_every_point() -> None:
    for point, before in await points(random_request()):
        world = await delivered_once(random_request())
        old = world.text().strip()
        shown: list[list[str]] = []

        def check(world: World = world, shown: list[list[str]] = shown) -> None:
            shown.append(world.text().split())

        with pytest.raises(ControllerKilledError):
            await world.finish(Switch(point, before, check))
        delivery = await world.finish(Switch(check=check))
        assert await state_of(world) == (RotationPhase.IDLE, 2, "")
        new = world.text().strip()
        assert new != old
        assert delivery.generation == 2
        shapes = [shape for index, shape in enumerate(shown) if shown[index - 1 : index] != [shape]]
        assert [[old], [new, old], [new]][-len(shapes) :] == shapes


async def test_a_first_delivery_survives_a_stop_at_every_point() -> None:
    for request in (login_request(), random_request()):
        world = World(request)
        switch = Switch()
        await world.finish(switch)
        for point in range(len(switch.calls)):
            for before in (True, False):
                world = World(request)
                with pytest.raises(ControllerKilledError):
                    await world.finish(Switch(point, before))
                delivery = await world.finish()
                assert delivery.generation == 1
                assert (await state_of(world))[:2] == (RotationPhase.IDLE, 1)
                assert len(world.working_logins()) <= 1


async def test_a_stop_at_two_points_in_a_row_is_survived() -> None:
    for first, _ in list(await points(login_request()))[::8]:
        for second in range(8):
            world = await delivered_once(login_request())
            with pytest.raises(ControllerKilledError):
                await world.finish(Switch(first, False, world.delivered_login_works))
            try:
                await world.finish(Switch(second, False, world.delivered_login_works))
            except ControllerKilledError:
                await world.finish(Switch(check=world.delivered_login_works))
            assert (await state_of(world))[:2] == (RotationPhase.IDLE, 2)


async def test_a_second_look_writes_nothing() -> None:
    world = await delivered_once(login_request())
    first = await world.finish()
    switch = Switch()
    assert await world.deliver(switch) == first
    writes = ("write", "put", "set_password", "disable")
    assert [call for call in switch.calls if call.endswith(writes)] == []


async def test_the_old_login_works_until_the_grace_is_over() -> None:
    world = await delivered_once(login_request())
    delivery = await world.deliver()
    assert delivery.phase is RotationPhase.DRAINING
    assert delivery.come_again == world.clock.now() + GRACE
    assert delivery.generation == 2
    assert sorted(world.working_logins()) == ["shop_app_a", "shop_app_b"]
    world.clock.advance(2.9)
    assert (await world.deliver()).phase is RotationPhase.DRAINING
    world.clock.advance(0.2)
    assert (await world.deliver()).phase is RotationPhase.IDLE
    assert world.working_logins() == ["shop_app_b"]


async def test_a_wish_is_answered_once() -> None:
    world = World(login_request())
    await world.finish()
    world.clock.advance(60)
    world.request = login_request(world.clock.now())
    assert (await world.finish()).generation == 2
    world.clock.advance(60)
    assert (await world.finish()).generation == 2
    world.request = login_request(world.clock.now() + timedelta(hours=1))
    assert (await world.finish()).generation == 2


@pytest.mark.parametrize("seed", range(40))
async def test_two_controllers_rotate_once_between_them(seed: int) -> None:
    world = await delivered_once(login_request())
    source = random.Random(seed)

    class Pausing(Switch):
        async def pass_on(self, name: str, call: Callable[[], Awaitable[Any]]) -> Any:
            for _ in range(source.randrange(4)):
                await asyncio.sleep(0)
            return await super().pass_on(name, call)

    async def controller() -> None:
        for _ in range(30):
            with contextlib.suppress(StateLocked, PlanStale):
                await world.deliver(Pausing(check=world.delivered_login_works))
            world.clock.advance(1)

    await asyncio.gather(controller(), controller())
    assert await state_of(world) == (RotationPhase.IDLE, 2, "shop_app_b")
    assert world.working_logins() == ["shop_app_b"]


async def test_a_controller_that_slept_through_a_rotation_ends_nothing() -> None:
    world = await delivered_once(login_request())
    await world.deliver()
    world.clock.advance(5)
    asleep, awake = asyncio.Event(), asyncio.Event()

    class Sleepy(Switch):
        async def pass_on(self, name: str, call: Callable[[], Awaitable[Any]]) -> Any:
            if self.calls[-1:] == ["MemorySecretTarget.generation"] and not awake.is_set():
                asleep.set()
                await awake.wait()
            return await super().pass_on(name, call)

    async def nightmare() -> None:
        with pytest.raises(StateLocked):
            await world.deliver(Sleepy())

    sleeper = asyncio.ensure_future(nightmare())
    await asleep.wait()
    await world.finish()
    world.request = login_request(world.clock.now() + timedelta(seconds=1))
    world.clock.advance(2)
    assert (await world.finish()).generation == 3
    awake.set()
    await sleeper
    world.delivered_login_works()
    assert world.working_logins() == ["shop_app_a"]
