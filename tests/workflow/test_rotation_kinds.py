"""Every kind of issuer is killed at each call that changes something, on real servers."""

import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from controller.adapters.clock.memory import MemoryClock
from controller.adapters.credential.approle_secret_id import AppRoleMaker
from controller.adapters.credential.aws_access_key import AwsAccessKeyMaker, AwsUser
from controller.adapters.credential.certificate import CertificateMaker, Wanted
from controller.adapters.credential.command import CommandMaker
from controller.adapters.credential.memory import MemoryCredentialIssuer, MemoryMaker
from controller.adapters.credential.totp import TotpMaker
from controller.adapters.credential.transit_key import TransitKeyMaker
from controller.adapters.secret_store.memory import MemorySecretStore
from controller.adapters.secret_target.memory import MemorySecretTarget
from controller.diagnostics.errors import Transient
from controller.diagnostics.secret import SecretText
from controller.model.delivery import Delivery, RotationPhase
from controller.model.material import Material
from controller.model.names import SecretName
from controller.ports.credential import Maker
from controller.steps.secrets.deliver import deliver
from controller.steps.secrets.record import load
from controller.steps.secrets.request import (
    Issued,
    Rotation,
    SecretPorts,
    SecretRequest,
    reference_of,
)
from tests.support.credential_servers import Cloud, Engines, hook, running_engines
from tests.support.fuse import ControllerKilledError, Fuse, Fused
from tests.support.secret_servers import running_aws

NAME = SecretName("shop", "dev", "key")
COUNT = itertools.count()
TEMPLATES = {
    "approleSecretId": "{role_id} {secret_id}",
    "awsAccessKey": "{access_key_id} {secret_access_key}",
    "certificate": "{bundle}",
    "totp": "{key} {seed}",
    "transitKey": "{version}",
    "command": "{value}",
    "memory": "{name}",
}
KINDS = [
    pytest.param(kind, marks=[] if kind == "memory" else pytest.mark.slow) for kind in TEMPLATES
]
Make = Callable[[Fuse, SecretText], Maker]
"""An issuer as a controller has it after a start: with a fuse, and a text that nobody knows."""


@pytest.fixture(scope="module")
def engines() -> Iterator[Engines]:
    with running_engines() as server:
        yield server


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with running_aws() as place:
        yield Cloud(str(place.endpoint))


def now() -> datetime:
    return datetime.now(UTC)


def aws(cloud: Cloud, name: str) -> Make:
    iam = cloud.user(name, str(NAME))
    place = AwsUser(name, str(NAME), "eu-central-1", cloud.endpoint)
    return lambda fuse, _: AwsAccessKeyMaker(place, Fused(iam, fuse), pause=0)


def on_server(kind: str, name: str, server: Any) -> Make:
    def make(fuse: Fuse, fresh: SecretText) -> Maker:
        fused: Any = Fused(server, fuse)
        match kind:
            case "approleSecretId":
                return AppRoleMaker(fused, "approle", name, fresh)
            case "certificate":
                life = timedelta(hours=10)
                wanted = Wanted("pki", "web", f"{name}.example", ("127.0.0.1",), life)
                return CertificateMaker(fused, wanted, now)
            case "totp":
                return TotpMaker(fused, "totp", name, "robot", "Shop", fresh, now)
            case _:
                return TransitKeyMaker(fused, "transit", name)

    return make


@pytest.fixture
async def maker(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[Callable[[str], Callable[[], Make]]]:
    """Give what makes a fresh place for a kind; each place is used by one life story."""
    async with Connected(request) as server:

        def of(kind: str) -> Callable[[], Make]:
            def place() -> Make:
                name = f"shop{next(COUNT)}"
                if kind == "memory":
                    inner = MemoryMaker()
                    return lambda fuse, _: Fused(inner, fuse)
                if kind == "awsAccessKey":
                    return aws(request.getfixturevalue("cloud"), name)
                if kind == "command":
                    words = hook(tmp_path, name)
                    return lambda fuse, fresh: Fused(
                        CommandMaker("hook", words, str(NAME), fresh, 30), fuse
                    )
                if kind == "approleSecretId":
                    engines: Engines = request.getfixturevalue("engines")
                    engines.ask("POST", f"auth/approle/role/{name}", {"token_ttl": "1m"})
                return on_server(kind, name, server)

            return place

        yield of


class Connected:
    """A connection to the server that a kind needs, or none."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        kind = request.node.callspec.params["kind"]
        needs = kind not in {"memory", "awsAccessKey", "command"}
        self._inner = request.getfixturevalue("engines").connect() if needs else None

    async def __aenter__(self) -> Any:
        return await self._inner.__aenter__() if self._inner else None

    async def __aexit__(self, *_: object) -> None:
        if self._inner:
            await self._inner.__aexit__(None, None, None)


@dataclass
class World:
    """What outlives a controller."""

    kind: str
    make: Make
    clock: MemoryClock = field(default_factory=lambda: MemoryClock(now()))
    store: MemorySecretStore = field(default_factory=MemorySecretStore)
    target: MemorySecretTarget = field(default_factory=MemorySecretTarget)
    asked_at: datetime | None = None
    made: int = 0

    def fresh(self) -> SecretText:
        self.made += 1
        return SecretText(f"{self.kind}-{next(COUNT):040}")

    def issuer(self) -> Maker:
        return self.make(Fuse(), self.fresh())

    async def deliver(self, fuse: Fuse | None = None) -> Delivery:
        fuse = fuse or Fuse()
        request = SecretRequest(
            NAME,
            reference_of("main", NAME),
            Issued(self.make(fuse, self.fresh())),
            TEMPLATES[self.kind],
            Rotation(None, timedelta(seconds=3)),
            self.asked_at,
        )
        store: Any = Fused(self.store, fuse)
        target: Any = Fused(self.target, fuse)
        login = MemoryCredentialIssuer()
        make: Any = SecretText
        ports = SecretPorts(store, target, login, make, self.clock.now)
        return await deliver(request, ports)

    async def finish(self, fuse: Fuse | None = None) -> Delivery:
        fuse = fuse or Fuse()
        for _ in range(20):
            delivery = await self.deliver(fuse)
            if delivery.phase is RotationPhase.IDLE:
                return delivery
            self.clock.advance(4)
        raise AssertionError(delivery.phase)

    async def current(self) -> Material:
        request = SecretRequest(NAME, reference_of("main", NAME), Issued(self.issuer()))
        record = await load(self.store, request)
        assert record is not None
        material = record.delivered
        assert material is not None
        return material

    async def rotate(self, fuse: Fuse | None = None) -> Delivery:
        self.clock.advance(60)
        self.asked_at = self.clock.now()
        return await self.finish(fuse)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_rotation_that_is_killed_anywhere_leaves_one_truth(
    kind: str, maker: Callable[[str], Callable[[], Make]]
) -> None:
    place = maker(kind)
    whole = Fuse()
    world = World(kind, place())
    await world.finish()
    await world.rotate(whole)
    points = list(itertools.product(range(len(whole.calls)), (True, False)))
    assert len(points) > 15
    world, generation = World(kind, place()), 1
    await world.finish()
    for point, before in points:
        old = await world.current()
        with pytest.raises(ControllerKilledError):
            await world.rotate(Fuse(point, before))
        used = await world.current()
        assert await world.issuer().still_works(used)
        # The wish stands: whoever starts next goes on with the same rotation.
        delivery = await world.finish()
        generation += 1
        assert delivery.generation == generation
        new = await world.current()
        assert new.login != old.login or new.text != old.text
        assert await world.issuer().still_works(new)
        assert await world.issuer().is_dead(old)


@pytest.mark.parametrize("kind", [pytest.param("awsAccessKey", marks=pytest.mark.slow), "memory"])
async def test_never_more_than_one_key_is_left_behind(
    kind: str, maker: Callable[[str], Callable[[], Make]]
) -> None:
    world = World(kind, maker(kind)())
    await world.finish()
    for point in range(12):
        try:
            await world.rotate(Fuse(point, before=False))
        except ControllerKilledError:
            await world.finish()
        issuer: Any = world.issuer()
        used = await world.current()
        is_aws = kind == "awsAccessKey"
        keys = await issuer._keys(used.facts["user"]) if is_aws else list(issuer.alive)
        assert keys == [used.login]


@pytest.mark.parametrize("kind", ["memory"])
async def test_what_does_not_work_any_more_is_replaced(
    kind: str, maker: Callable[[str], Callable[[], Make]]
) -> None:
    world = World(kind, maker(kind)())
    first = await world.finish()
    issuer: Any = world.issuer()
    issuer.alive.clear()
    second = await world.finish()
    assert (first.generation, second.generation) == (1, 2)
    assert second.cause == "what was delivered does not work any more"
    assert list(issuer.alive) == [(await world.current()).login]


@pytest.mark.parametrize("kind", ["memory"])
async def test_a_new_one_that_dies_in_its_grace_is_told_and_the_old_one_stays(
    kind: str, maker: Callable[[str], Callable[[], Make]]
) -> None:
    world = World(kind, maker(kind)())
    await world.finish()
    old = await world.current()
    world.clock.advance(60)
    world.asked_at = world.clock.now()
    assert (await world.deliver()).phase is RotationPhase.DRAINING
    issuer: Any = world.issuer()
    del issuer.alive[(await world.current()).login]
    world.clock.advance(10)
    with pytest.raises(Transient, match="is refused"):
        await world.deliver()
    assert old.login in issuer.alive
