"""Everything that an owner or a label holds is rotated, and a killed controller goes on with it."""

import pytest

from controller.diagnostics.errors import Stalled
from controller.diagnostics.secret import SecretText
from controller.model.caller import Caller, Role
from controller.model.delivery import SecretReference
from controller.model.drill import DrillView
from controller.permission import NotAllowed, NotFound
from tests.support.worlds import Life, MemoryWorld
from tests.workflow.test_secret_copies import PLATFORM

ADA, VERA = Caller("ada", Role.OPERATOR), Caller("vera", Role.VIEWER)
SECRET = """\
---
apiVersion: platform/v1
kind: Secret
metadata: {{name: {name}, product: shop, labels: {{vendor: {vendor}}}}}
spec:
  store: main
  {more}
"""
RANDOM = "generate: {random: {}}\n  rotation: {grace: 1h}"
WAITING = RANDOM + "\n  consumers: [{name: worker, ack: poll}]"
SECRETS = (
    ("a", "mailer", RANDOM), ("b", "mailer", WAITING), ("c", "bank", RANDOM),
    ("d", "mailer", "deliver: {}"),
)  # fmt: skip


@pytest.fixture
async def life() -> Life:
    world = MemoryWorld()
    text = PLATFORM + "".join(
        SECRET.format(name=name, vendor=vendor, more=more) for name, vendor, more in SECRETS
    )
    world.repository.commit({"all.yaml": text.encode()}, subject="first")
    by_hand = {"value": SecretText("written by hand")}
    await world.store.write(SecretReference("main", "shop/dev/d"), by_hand, expect=0)
    return await started(world)


async def started(world: MemoryWorld) -> Life:
    life = world.start()
    await life.begin()
    await life.settle()
    world.clock.advance(60)
    return life


def states(view: DrillView) -> dict[str, str]:
    return {row.secret.rpartition("/")[2]: row.state for row in view.rows}


async def test_a_drill_rotates_what_its_selector_names_and_tells_how_far_it_is(life: Life) -> None:
    ask = life.app.rotations
    seen = await ask.preview("label:vendor=mailer")
    assert states(seen) == {"a": "waits", "b": "waits", "d": "by hand"}
    assert {row.owner for row in seen.rows} == {"team-shop"}
    begun = await ask.rotate_all(
        ADA, "label:vendor=mailer", expect=3, at_once=False, reason="a laptop is gone"
    )
    assert states(begun) == {"a": "waits", "b": "waits", "d": "by hand"}
    await life.settle()
    assert states(await ask.drill(begun.id)) == {"a": "delivered", "b": "delivered", "d": "by hand"}
    await life.pass_time(3601)
    half = await ask.drill(begun.id)
    assert states(half) == {"a": "done", "b": "delivered", "d": "by hand"}
    assert not half.is_over
    await ask.acknowledge(ADA, "shop/dev/b", "worker")
    await life.pass_time(20)
    assert (await ask.drill(begun.id)).is_over
    generations = {
        str(s.name): s.delivery.generation for s in await life.world.ledger.secrets() if s.delivery
    }
    assert generations == {"shop/dev/a": 2, "shop/dev/b": 2, "shop/dev/c": 1, "shop/dev/d": 1}
    asked = await life.events("RotationRequested")
    assert len(asked) == 3
    assert all(text.endswith("a laptop is gone") for text in asked)


async def test_at_once_leaves_no_old_value_and_counts_for_one_rotation(life: Life) -> None:
    ask = life.app.rotations
    begun = await ask.rotate_all(ADA, "owner=team-shop", expect=4, at_once=True, reason="")
    await life.settle()
    assert states(await ask.drill(begun.id)) == {
        "a": "done",
        "b": "done",
        "c": "done",
        "d": "by hand",
    }
    stored = await life.world.store.read(SecretReference("main", "shop/dev/b"))
    assert list(stored or {}) == ["value"]
    life.world.clock.advance(60)
    await life.app.rotations.rotate(ADA, "shop/dev/a")
    await life.settle()
    stored = await life.world.store.read(SecretReference("main", "shop/dev/a"))
    assert sorted(stored or {}) == ["previous", "value"]


async def test_a_controller_that_was_killed_after_the_word_does_all_of_it(life: Life) -> None:
    begun = await life.app.rotations.rotate_all(ADA, "all", expect=4, at_once=True, reason="")
    again = await started(life.world)
    found = await again.app.rotations.drill(begun.id)
    assert states(found) == {"a": "done", "b": "done", "c": "done", "d": "by hand"}
    third = await started(life.world)
    assert {row.generation for row in (await third.app.rotations.drill(begun.id)).rows} == {1, 2}


async def test_what_is_not_meant_is_refused(life: Life) -> None:
    ask = life.app.rotations
    with pytest.raises(NotAllowed):
        await ask.rotate_all(VERA, "all", expect=4, at_once=False, reason="")
    with pytest.raises(Stalled, match="names 4 secrets, not 3"):
        await ask.rotate_all(ADA, "all", expect=3, at_once=False, reason="")
    for selector in ("owner=nobody", "label:vendor=none", "label:a=b"):
        with pytest.raises(NotFound, match="names no secret"):
            await ask.preview(selector)
    with pytest.raises(NotFound, match="no drill"):
        await ask.drill("20300101-000000")
    await ask.rotate_all(ADA, "all", expect=4, at_once=False, reason="")
    with pytest.raises(Stalled, match="in this second"):
        await ask.rotate_all(ADA, "all", expect=4, at_once=False, reason="")
    assert len(await life.world.ledger.secrets()) == 4
