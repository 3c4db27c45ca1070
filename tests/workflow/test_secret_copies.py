"""A secret's copies follow its document: also when it goes, and when the controller is killed."""

import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest

from controller.adapters.secret_store.memory import MemorySecretStore
from controller.bench.secrets_world import PLATFORM
from controller.diagnostics.errors import StoreUnreachable
from controller.diagnostics.secret import SecretText
from controller.model.delivery import SecretReference
from tests.support.worlds import Killed, MemoryWorld

KEPT, GONE = SecretReference("main", "apps/dev"), SecretReference("main", "apps/shop/dev/x")
OWN = SecretReference("main", "shop/dev/key")
COPIES = """\
  deliver:
    copies:
      - store: {store: main, path: "apps/shop/{environment}/x"}
        removal: delete
        drift: report
      - store: {store: main, path: "apps/{environment}"}
"""
ONE = """\
  deliver:
    copies:
      - store: {store: main, path: "apps/{environment}"}
"""
SECRET = """\
apiVersion: platform/v1
kind: Secret
metadata: {name: key, product: shop}
spec:
  store: main
  generate: {random: {}}
"""


class WatchedStore:
    """Counts what is asked of a store, and ends the controller at one of the calls."""

    def __init__(self, inner: MemorySecretStore) -> None:
        self.inner = inner
        self.calls: list[str] = []
        self.kill_at: int | None = None
        self.is_before = True
        self.is_down = False

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.inner, name)
        if name in {"capabilities", "now"}:
            return method

        async def call(*args: Any, **named: Any) -> Any:
            return await self._pass(name, lambda: method(*args, **named))

        return call

    async def _pass(self, name: str, call: Callable[[], Awaitable[Any]]) -> Any:
        if self.is_down:
            raise StoreUnreachable.because("down")
        self.calls.append(name)
        is_here = len(self.calls) - 1 == self.kill_at
        if is_here and self.is_before:
            raise Killed
        answer = await call()
        if is_here:
            raise Killed
        return answer


class World:
    """A repository with one secret, and what it is copied to."""

    def __init__(self) -> None:
        self.store = WatchedStore(MemorySecretStore())
        self.memory = MemoryWorld(store=cast("MemorySecretStore", self.store))

    def commit(self, secret: str | None) -> None:
        self.memory.repository.commit({"platform.yaml": PLATFORM, "secret.yaml": secret})

    async def live(self, seconds: float = 31) -> None:
        life = self.memory.start()
        await life.begin()
        await life.settle()
        await life.pass_time(seconds)

    async def there(self) -> set[str]:
        found = [r for r in (KEPT, GONE, OWN) if await self.store.inner.describe(r)]
        return {reference.path for reference in found}


@pytest.fixture
async def world() -> World:
    world = World()
    world.commit(SECRET + COPIES)
    await world.live()
    assert await world.there() == {KEPT.path, GONE.path, OWN.path}
    world.store.calls.clear()
    return world


async def test_copies_follow_the_document(world: World) -> None:
    own = await world.store.inner.read(OWN)
    assert own is not None
    assert await world.store.inner.read(KEPT) == await world.store.inner.read(GONE) == own


@pytest.mark.parametrize("left", [None, SECRET, SECRET + ONE])
async def test_a_copy_goes_with_its_entry_as_that_said(world: World, left: str | None) -> None:
    world.commit(left)
    await world.live()
    assert await world.there() == {KEPT.path, OWN.path}
    assert world.store.calls.count("delete") == 1


async def test_a_removal_is_seen_at_the_next_commit_not_minutes_later(world: World) -> None:
    life = world.memory.start()
    await life.begin()
    await life.settle()
    world.commit(None)
    await life.pass_time(31)
    assert await world.there() == {KEPT.path, OWN.path}
    (told,) = await life.events("Withdrawn")
    assert "is gone" in told


@pytest.mark.parametrize("is_before", [True, False])
@pytest.mark.parametrize("left", [None, SECRET + ONE])
async def test_a_removal_that_is_killed_anywhere_is_done_once(
    left: str | None, *, is_before: bool
) -> None:
    for stop_at in range(100):
        world = World()
        world.commit(SECRET + COPIES)
        await world.live()
        world.commit(left)
        world.store.calls.clear()
        world.store.kill_at, world.store.is_before = stop_at, is_before
        with contextlib.suppress(Killed):
            await world.live()
            break
        world.store.kill_at = None
        await world.live()
        assert await world.there() == {KEPT.path, OWN.path}, stop_at
    assert stop_at > 3


async def test_copies_of_a_delivery_that_was_killed_are_known_when_the_document_goes() -> None:
    """Nothing but the list in the store knows of them, and the note of where that is."""
    ends = set()
    for stop_at in range(100):
        world = World()
        world.commit(SECRET + COPIES)
        world.store.kill_at = stop_at
        with contextlib.suppress(Killed):
            await world.live()
            break
        world.store.kill_at = None
        unfinished = await world.store.inner.describe(GONE)
        is_whole = unfinished is not None and "trueup-fingerprint" in unfinished.marks
        world.commit(None)
        await world.live()
        is_there = GONE.path in await world.there()
        assert not (is_whole and is_there), stop_at
        assert is_there <= (unfinished is not None)
        ends.add((is_whole, is_there))
    assert (True, False) in ends


async def test_what_somebody_else_wrote_or_owns_is_left(world: World) -> None:
    await world.store.inner.write(GONE, {"value": SecretText("theirs")}, expect=1)
    world.commit(None)
    await world.live()
    assert GONE.path in await world.there()
    life = world.memory.start()
    assert "is left" in (await life.events("Withdrawn"))[0]


async def test_nothing_is_taken_away_while_the_document_may_be_in_a_broken_file(
    world: World,
) -> None:
    world.commit("kind: [")
    await world.live()
    await world.live(3600)
    assert await world.there() == {KEPT.path, GONE.path, OWN.path}
    world.commit(None)
    await world.live()
    assert GONE.path not in await world.there()


async def test_a_store_that_is_down_delays_a_removal_and_does_not_end_it(world: World) -> None:
    world.commit(None)
    world.store.is_down = True
    await world.live()
    world.store.is_down = False
    await world.live()
    assert await world.there() == {KEPT.path, OWN.path}


async def test_a_store_that_was_moved_is_not_searched_for_what_lay_at_the_old_place(
    world: World,
) -> None:
    moved = PLATFORM.replace(
        "{embedded: {}}", "{openbao: {address: https://bao.example.com, auth: {tokenFile: /t}}}"
    )
    assert moved != PLATFORM
    life = world.memory.start()
    await life.begin()
    await life.settle()
    world.memory.repository.commit({"platform.yaml": moved, "secret.yaml": None})
    await life.pass_time(31)
    assert world.store.calls.count("delete") == 0
    assert "was moved" in (await life.events("Withdrawn"))[0]
