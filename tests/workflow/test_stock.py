"""Stock is taken of all secrets: owners, readers, ages, and where else they lie."""

from datetime import timedelta

import pytest

from controller.diagnostics.errors import RepositoryUnreachable
from controller.diagnostics.secret import SecretText
from controller.model.delivery import SecretReference
from controller.model.names import SecretName, UnitName
from controller.model.state import EngineState
from controller.workflows.world import Oversight
from tests.support.worlds import SECRETS, Life, MemoryWorld

PATH = "products/shop/secrets.yaml"
KEY = SecretName("shop", "dev", "shop-api-key")
VALUE = "Zx81kqLmN0pRs7uVZx81kqLm"
WRITTEN = """\
---
apiVersion: platform/v1
kind: Secret
metadata: {name: spare, product: shop, labels: {tier: web}}
spec: {store: main}
"""


@pytest.fixture
async def life() -> Life:
    world = MemoryWorld()
    world.store.now = world.clock.now
    world.example()
    life = world.start()
    await life.begin()
    await life.settle()
    return life


async def codes(life: Life, name: SecretName = KEY) -> list[str]:
    found = await life.world.ledger.findings()
    return [each.code for scope, each in found if scope == f"stock:{name}"]


async def shown(life: Life, name: SecretName = KEY):
    return next(one for one in await life.app.secrets() if one.name == str(name))


async def value_of(life: Life, name: SecretName = KEY) -> str:
    fields = await life.world.store.read(SecretReference("main", str(name)))
    assert fields is not None
    return fields["value"].reveal()


async def test_a_secret_is_shown_with_its_owner_readers_and_age(life: Life) -> None:
    await life.pass_time(3600)
    found = await shown(life)
    assert (found.owner, found.kind, found.age) == ("team-shop", "random", 3600)
    assert [(r.name, r.how, r.generation) for r in found.readers] == [
        ("shop/dev/shop-api", "file", 1)
    ]
    assert (found.sightings, found.findings, found.unknown) == ((), (), "")
    assert [each for each in await life.app.findings() if each.code.startswith("sec")] == []


async def test_a_value_in_the_history_is_found_also_when_the_file_is_gone(life: Life) -> None:
    value = await value_of(life)
    life.world.repository.commit({"notes.txt": f"the key is {value}\n"})
    await life.pass_time(31)
    life.world.repository.commit({"notes.txt": None})
    await life.pass_time(31)
    assert await codes(life) == ["secrets/in-history"]
    assert [(s.place, s.where) for s in (await shown(life)).sightings] == [("git", "notes.txt")]
    (told,) = await life.events("Found")
    assert value not in told
    await life.parts.wishes.rotate(KEY, life.world.clock.now())
    await life.world.start().begin()
    life = life.world.start()
    await life.begin()
    await life.settle()
    await life.pass_time(700)
    assert await codes(life) == []
    assert len(await life.events("Mended")) == 1


async def test_a_value_in_a_state_is_found(life: Life) -> None:
    unit = UnitName.parse("shop/dev/shop-api")
    content = SecretText(f'{{"outputs": {{"x": {{"value": "{await value_of(life)}"}}}}}}')
    await life.world.states.keep(unit, EngineState("l", 900, content=content), why="test")
    await life.pass_time(700)
    assert await codes(life) == ["secrets/in-state"]


async def test_one_value_in_two_environments_is_found(life: Life) -> None:
    life.world.edit(PATH, SECRETS, SECRETS + WRITTEN)
    for environment in ("dev", "staging"):
        where = SecretReference("main", f"shop/{environment}/spare")
        await life.world.store.write(where, {"value": SecretText(VALUE)}, expect=0)
    await life.pass_time(31)
    await life.pass_time(700)
    for environment in ("dev", "staging"):
        name = SecretName("shop", environment, "spare")
        assert await codes(life, name) == ["secrets/unused", "secrets/shared"]
        assert (await shown(life, name)).kind == "written"


async def test_what_is_old_or_whose_file_is_left_is_found(life: Life) -> None:
    life.world.edit(PATH, SECRETS, SECRETS + WRITTEN)
    where, name = SecretReference("main", "shop/dev/spare"), SecretName("shop", "dev", "spare")
    await life.world.store.write(where, {"value": SecretText(VALUE)}, expect=0)
    await life.pass_time(31)
    await life.pass_time(timedelta(days=366).total_seconds())
    assert "secrets/too-old" in await codes(life, name)
    life.world.edit(PATH, WRITTEN, "")
    await life.pass_time(31)
    await life.pass_time(700)
    assert await codes(life, name) == ["secrets/stale-file"]
    assert not (await shown(life, name)).wanted


async def test_what_cannot_be_looked_at_is_unknown_and_keeps_what_was_found(life: Life) -> None:
    life.world.repository.commit({"notes.txt": await value_of(life)})
    await life.pass_time(31)
    assert await codes(life) == ["secrets/in-history"]

    class Gone:
        async def past_blobs(self, at_most: int):
            raise RepositoryUnreachable.because(f"the mirror is gone ({at_most})")

    after = life.world.start()
    object.__setattr__(after.parts.world, "oversight", Oversight(past=Gone()))
    await after.begin()
    await after.settle()
    assert await codes(after) == ["secrets/in-history"]
    assert "the mirror is gone" in (await shown(after)).unknown


async def test_a_secret_that_was_not_looked_at_yet_says_so(life: Life) -> None:
    after = life.world.start()
    assert {one.looked_at for one in await after.app.secrets()} == {None}
