"""Deliveries outside of a rotation: what is kept, what is healed, and what is refused."""

import logging
import traceback
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from controller.adapters.clock.memory import MemoryClock
from controller.adapters.credential.memory import MemoryCredentialIssuer
from controller.adapters.secret_store.memory import MemorySecretStore
from controller.adapters.secret_target.memory import MemorySecretTarget
from controller.diagnostics.errors import (
    DependencyNotReady,
    Stalled,
    StateLocked,
    StoreUnreachable,
    Transient,
    TrueupError,
)
from controller.diagnostics.secret import SecretText
from controller.model.delivery import DatabaseAddress, Delivery, RotationPhase, SecretReference
from controller.model.names import SecretName
from controller.steps.secrets.deliver import deliver
from controller.steps.secrets.record import load, record_reference
from controller.steps.secrets.request import (
    PostgresLogin,
    Random,
    Rotation,
    SecretPorts,
    SecretRequest,
    Written,
    reference_of,
)

NAME = SecretName("shop", "dev", "key")
CANARY = "canary-c0ffee42"
DATABASE = DatabaseAddress(
    SecretText(f"host=/run password={CANARY}"), "postgresql://127.0.0.1:5432/shop"
)
ROTATION = Rotation(timedelta(days=30), timedelta(seconds=3))
RANDOM = SecretRequest(NAME, reference_of("main", NAME), Random(32), rotation=ROTATION)
LOGIN = replace(RANDOM, kind=PostgresLogin(DATABASE, "app"), template="{username} {password}")
ELSEWHERE = SecretReference("main", "shop/dev/b")
WRITTEN = replace(RANDOM, kind=Written(), rotation=None)


class World:
    def __init__(self) -> None:
        self.clock = MemoryClock()
        self.store = MemorySecretStore(self.clock.now)
        self.target = MemorySecretTarget()
        self.logins = MemoryCredentialIssuer()
        self.made = 0
        self.ports = SecretPorts(
            self.store, self.target, self.logins, self.new_secret, self.clock.now
        )

    def new_secret(self, length: int) -> SecretText:
        self.made += 1
        return SecretText(f"{CANARY}-{self.made}".ljust(length, "x"))

    async def deliver(self, request: SecretRequest) -> Delivery:
        return await deliver(request, self.ports)

    async def finish(self, request: SecretRequest) -> Delivery:
        while (delivery := await self.deliver(request)).phase is not RotationPhase.IDLE:
            self.clock.advance(4)
        return delivery

    async def stored(self) -> dict[str, str]:
        fields = await self.store.read(RANDOM.reference)
        return {name: text.reveal() for name, text in (fields or {}).items()}

    def text(self) -> str:
        return self.target.delivered[NAME][1].reveal()


@pytest.fixture
def world() -> World:
    return World()


async def test_a_random_secret_is_made_stored_and_delivered(world: World) -> None:
    delivery = await world.deliver(RANDOM)
    assert delivery == Delivery(
        NAME,
        SecretReference("main", "shop/dev/key"),
        version=1,
        generation=1,
        target="memory:shop/dev/key",
        phase=RotationPhase.IDLE,
        changed_at=world.clock.now(),
        come_again=world.clock.now() + ROTATION.every,
    )
    value = (await world.stored())["value"]
    assert len(value) == 32
    assert world.text() == value + "\n"


async def test_a_login_is_made_stored_and_delivered(world: World) -> None:
    await world.deliver(LOGIN)
    stored = await world.stored()
    assert sorted(stored) == ["database", "host", "password", "port", "username"]
    assert world.text() == f"app_a {stored['password']}"
    assert await world.logins.can_log_in(DATABASE, "app_a", SecretText(stored["password"]))


async def test_without_a_rotation_nothing_is_due(world: World) -> None:
    request = replace(RANDOM, rotation=None)
    assert (await world.deliver(request)).come_again is None
    world.clock.advance(10**9)
    assert (await world.deliver(request)).generation == 1
    wish = replace(request, requested_at=world.clock.now())
    assert (await world.finish(wish)).generation == 2


async def test_two_lines_are_delivered_while_the_old_value_counts(world: World) -> None:
    await world.deliver(RANDOM)
    old = (await world.stored())["value"]
    world.clock.advance(ROTATION.every.total_seconds())
    draining = await world.deliver(RANDOM)
    stored = await world.stored()
    assert stored["previous"] == old != stored["value"]
    assert world.text() == f"{stored['value']}\n{old}\n"
    assert draining.phase is RotationPhase.DRAINING
    world.clock.advance(3)
    idle = await world.deliver(RANDOM)
    assert (idle.generation, idle.phase) == (2, RotationPhase.IDLE)
    assert world.text() == f"{stored['value']}\n"
    assert await world.stored() == {"value": stored["value"]}


async def test_what_was_taken_away_is_brought_back(world: World) -> None:
    for request in (RANDOM,):
        await world.deliver(request)
        text, stored = world.text(), await world.stored()
        await world.target.remove(NAME)
        await world.store.delete(request.reference)
        await world.deliver(request)
        assert (world.text(), await world.stored()) == (text, stored)
        await world.store.write(request.reference, {"value": SecretText("by hand")}, expect=1)
        await world.deliver(request)
        assert await world.stored() == stored
        world.store.delete_latest(request.reference)
        assert (await world.deliver(request)).version == 4
        assert await world.stored() == stored


async def test_a_new_template_or_address_is_delivered_without_a_rotation(world: World) -> None:
    await world.deliver(LOGIN)
    password = (await world.stored())["password"]
    moved = DatabaseAddress(DATABASE.admin, "postgresql://127.0.0.1:6000/shop")
    request = replace(LOGIN, kind=PostgresLogin(moved, "app"), template="{port}/{password}")
    assert (await world.deliver(request)).generation == 1
    assert world.text() == f"6000/{password}"
    assert await world.logins.can_log_in(moved, "app_a", SecretText(password))


async def test_a_login_that_vanished_with_its_database_is_made_again(world: World) -> None:
    await world.deliver(LOGIN)
    text = world.text()
    world.logins.logins.clear()
    await world.deliver(LOGIN)
    assert world.text() == text
    assert list(world.logins.logins) == [(DATABASE.url, "app_a")]


async def test_a_login_that_vanished_in_its_grace_is_made_again(world: World) -> None:
    await world.deliver(LOGIN)
    world.clock.advance(ROTATION.every.total_seconds())
    assert (await world.deliver(LOGIN)).phase is RotationPhase.DRAINING
    text = world.text()
    world.logins.logins.clear()
    await world.deliver(LOGIN)
    assert world.text() == text
    assert list(world.logins.logins) == [(DATABASE.url, "app_b")]


async def test_another_role_gets_logins_of_its_own(world: World) -> None:
    await world.deliver(LOGIN)
    request = replace(LOGIN, kind=PostgresLogin(DATABASE, "other"))
    assert (await world.finish(request)).generation == 2
    assert world.text().startswith("other_a ")
    assert world.logins.logins[DATABASE.url, "app_a"] is None


async def test_a_value_that_was_there_before_is_kept(world: World) -> None:
    await world.store.write(RANDOM.reference, {"value": SecretText("from before")}, expect=0)
    delivery = await world.deliver(RANDOM)
    assert (delivery.generation, delivery.version) == (1, 1)
    assert world.text() == "from before\n"
    assert world.made == 0
    world.clock.advance(ROTATION.every.total_seconds())
    assert (await world.finish(RANDOM)).generation == 2


async def test_what_is_not_ours_is_not_overwritten(world: World) -> None:
    await world.store.write(RANDOM.reference, {"user": SecretText("x")}, expect=0)
    with pytest.raises(Stalled, match="not of this secret's kind"):
        await world.deliver(RANDOM)
    other = replace(LOGIN, reference=SecretReference("main", "else"))
    fields = {"username": SecretText("admin"), "password": SecretText(CANARY)}
    await world.store.write(other.reference, fields, expect=0)
    with pytest.raises(Stalled, match="not of this secret's kind"):
        await world.deliver(other)
    assert world.logins.logins == {}


async def test_another_kind_needs_another_name(world: World) -> None:
    await world.deliver(RANDOM)
    with pytest.raises(Stalled, match="not of this secret's kind"):
        await world.deliver(LOGIN)
    await world.deliver(
        other := replace(LOGIN, name=replace(NAME, secret="b"), reference=ELSEWHERE)
    )
    with pytest.raises(Stalled, match="not of this secret's kind"):
        await world.deliver(replace(other, kind=Random(32), template=None))


async def test_what_a_person_wrote_is_kept_when_it_is_made_to_rotate(world: World) -> None:
    await world.store.write(WRITTEN.reference, {"value": SecretText("by hand")}, expect=0)
    await world.deliver(WRITTEN)
    assert (await world.deliver(RANDOM)).generation == 1
    assert world.text() == "by hand\n"
    world.clock.advance(ROTATION.every.total_seconds())
    assert (await world.deliver(RANDOM)).generation == 2
    assert world.text().endswith("\nby hand\n")


async def test_a_store_that_was_lost_or_restored_is_delivered_from_again(world: World) -> None:
    await world.deliver(RANDOM)
    backup = {path: list(versions) for path, versions in world.store._secrets.items()}
    world.clock.advance(ROTATION.every.total_seconds())
    await world.finish(RANDOM)
    world.store._secrets = backup
    await world.finish(replace(RANDOM, rotation=None))
    assert world.text() == (await world.stored())["value"] + "\n"
    edition = world.target.delivered[NAME][0]
    world.store._secrets = {}
    await world.finish(RANDOM)
    assert world.text() == (await world.stored())["value"] + "\n"
    assert world.target.delivered[NAME][0] > edition


async def test_a_value_of_a_person_is_waited_for_and_then_followed(world: World) -> None:
    with pytest.raises(DependencyNotReady, match="nobody has written"):
        await world.deliver(WRITTEN)
    await world.store.write(WRITTEN.reference, {"value": SecretText("1")}, expect=0)
    assert (await world.deliver(WRITTEN)).version == 1
    assert world.text() == "1\n"
    await world.store.write(WRITTEN.reference, {"value": SecretText("2")}, expect=1)
    assert (await world.deliver(WRITTEN)).version == 2
    assert world.text() == "2\n"
    world.store.delete_latest(WRITTEN.reference)
    with pytest.raises(DependencyNotReady):
        await world.deliver(WRITTEN)
    assert world.text() == "2\n"


async def test_a_login_that_is_refused_goes_back_and_leaves_the_old_one(world: World) -> None:
    await world.deliver(LOGIN)
    text = world.text()
    world.clock.advance(ROTATION.every.total_seconds())
    can_log_in = MemoryCredentialIssuer.can_log_in

    class Refusing(MemoryCredentialIssuer):
        async def can_log_in(self, database: Any, login: str, password: Any) -> bool:
            return login == "app_a" and await can_log_in(self, database, login, password)

    refusing = replace(world.ports, credentials=Refusing(world.logins.logins))
    for _ in range(3):
        with pytest.raises(Transient, match="`app_b` is refused"):
            await deliver(LOGIN, refusing)
        record = await load(world.store, LOGIN)
        assert record is not None
        assert record.phase is RotationPhase.PREPARED
        assert world.text() == text
    assert (await world.finish(LOGIN)).generation == 2
    assert world.made == 2


async def test_an_old_login_that_does_not_die_is_not_called_dead(world: World) -> None:
    await world.deliver(LOGIN)
    world.clock.advance(ROTATION.every.total_seconds())
    await world.deliver(LOGIN)
    world.clock.advance(4)

    class Immortal(MemoryCredentialIssuer):
        async def disable(self, database: Any, login: str) -> None:
            pass

    stuck = replace(world.ports, credentials=Immortal(world.logins.logins))
    with pytest.raises(Transient, match="still works"):
        await deliver(LOGIN, stuck)
    assert (await world.finish(LOGIN)).generation == 2


async def test_a_record_that_cannot_be_understood_stops_everything(world: World) -> None:
    await world.deliver(RANDOM)
    where = record_reference(RANDOM)
    good = await world.store.read(where)
    assert good is not None
    state = good["state"].reveal()
    version = (await world.store.describe(where)).version  # type: ignore[union-attr]
    for fields in (
        {},
        {"state": SecretText("{")},
        {"state": SecretText("[]")},
        {"state": SecretText(state.replace('"format": 1', '"format": 2'))},
        {"state": SecretText(state.replace("idle", "elsewhere"))},
        {"state": good["state"]},
    ):
        version = await world.store.write(where, fields, expect=version)
        with pytest.raises(Stalled, match="cannot be understood"):
            await world.deliver(RANDOM)
    world.store.delete_latest(where)
    with pytest.raises(Stalled, match="was deleted"):
        await world.deliver(RANDOM)


class Failing:
    """Passes calls on, and at one of them fails as a server does, or writes as somebody else."""

    def __init__(self, inner: Any, fail: Callable[[str], None]) -> None:
        self._inner = inner
        self._fail = fail

    def __getattr__(self, name: str) -> Any:
        if name != "address":
            self._fail(name)
        return getattr(self._inner, name)


async def test_values_are_in_no_text_whatever_fails(
    world: World, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    seen: list[object] = []
    for request in (LOGIN, replace(RANDOM, name=replace(NAME, secret="b"))):
        for point in range(40):
            left = point

            def fail(name: str) -> None:
                nonlocal left
                left -= 1
                if left < 0:
                    raise StoreUnreachable.because(f"{name} failed")

            ports = replace(
                world.ports,
                store=Failing(world.store, fail),
                target=Failing(world.target, fail),
                credentials=Failing(world.logins, fail),
            )
            try:
                seen.append(await deliver(request, ports))
            except TrueupError as error:
                seen += [error, str(error), traceback.format_exc(), error.diagnostics]
            seen.append(await load(world.store, request))
            world.clock.advance(ROTATION.every.total_seconds() / 3)
        seen += [request, world.ports, world.store, world.target, world.logins, request.kind]
    printed = capsys.readouterr()
    texts = [caplog.text, printed.out, printed.err]
    texts += [text for each in seen for text in (repr(each), str(each), f"{each}")]
    assert CANARY in world.text()
    assert [text for text in texts if CANARY in text] == []


async def test_a_write_by_somebody_else_at_this_moment_is_waited_for(world: World) -> None:
    await world.deliver(RANDOM)
    await world.store.write(RANDOM.reference, {"value": SecretText("x")}, expect=1)
    write = world.store.write

    class Raced:
        def __getattr__(self, name: str) -> Any:
            return getattr(world.store, name)

        async def write(self, reference: Any, fields: Any, *, expect: int) -> int:
            await write(reference, {"value": SecretText("y")}, expect=expect)
            return await write(reference, fields, expect=expect)

    with pytest.raises(StateLocked):
        await deliver(RANDOM, replace(world.ports, store=Raced()))
    await world.deliver(RANDOM)
    assert world.text() == (await world.stored())["value"] + "\n"
