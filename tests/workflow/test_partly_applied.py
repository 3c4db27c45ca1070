"""A promotion that stops half way, with an engine that really applies: what stands, and ways on."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from controller.adapters.engine import embedded
from controller.adapters.engine.environment import build_environment
from controller.adapters.workspaces.disk import DiskWorkspaces
from controller.model.caller import Caller, Role
from controller.model.names import Commit, UnitName
from controller.workflows.readiness import Place, how_far
from tests.support.worlds import Life, MemoryWorld

OPERATOR = Caller("olga", Role.OPERATOR)
PRODUCTION = "shop/production"
QUOTA = "the quota is used up"
MODULE = f"""\
variable "text" {{ type = string }}
variable "quota" {{ type = string }}
variable "upstream" {{
  type    = string
  default = ""
}}
resource "terraform_data" "first" {{ input = "${{var.text}} ${{var.upstream}}" }}
resource "terraform_data" "second" {{
  input = terraform_data.first.output
  lifecycle {{
    postcondition {{
      condition     = self.output != "${{var.quota}} "
      error_message = "{QUOTA}"
    }}
  }}
}}
output "text" {{ value = terraform_data.second.output }}
"""
PLATFORM = """\
apiVersion: platform/v1
kind: Environment
metadata: {name: dev}
spec: {engine: embedded}
---
apiVersion: platform/v1
kind: Environment
metadata: {name: production}
spec: {engine: embedded}
---
apiVersion: platform/v1
kind: Product
metadata: {name: shop}
spec: {owner: team-shop, environments: [dev, production]}
---
apiVersion: platform/v1
kind: Pipeline
metadata: {name: shop, product: shop}
spec: {stages: [{environment: dev}, {environment: production, after: [dev]}]}
"""
STACK = """\
apiVersion: platform/v1
kind: Stack
metadata: {{name: {name}, product: shop}}
spec:
  module: modules/data
  inputs: {{text: {text}, quota: none{upstream}}}
  environments: {{production: {{inputs: {{quota: {quota}}}}}}}
"""


def stacks(text: str, quota: str = "none") -> dict[str, str]:
    """Two stacks that stand alone, of which production gives one no quota, and one upon that."""
    upstream = {"on-top": ", upstream: {output: short.text}"}
    return {
        f"products/{name}.yaml": STACK.format(
            name=name, text=text, upstream=upstream.get(name, ""),
            quota=quota if name == "short" else "none",
        )
        for name in ("alone", "short", "on-top")
    }  # fmt: skip


@pytest_asyncio.fixture
async def world(tmp_path: Path) -> AsyncIterator[MemoryWorld]:
    """Production at the release `one`, and the release `two` applied there as far as it went."""
    engine = await embedded.connect(build_environment(tmp_path / "home", path=""), size=1)
    world = MemoryWorld()
    world.engine, world.workspaces = engine, DiskWorkspaces(tmp_path / "work")
    world.repository.commit({"modules/data/main.tf": MODULE, "platform.yaml": PLATFORM})
    world.repository.commit(stacks("one"), author="Casey <casey@example.com>")
    life = await begun(world)
    assert (await life.app.stage(PRODUCTION)).health == "healthy"
    assert await outputs(world) == {"alone": "one ", "short": "one ", "on-top": "one one "}
    world.repository.commit(stacks("two", "two"), author="Casey <casey@example.com>")
    yield world
    await engine.close()


async def begun(world: MemoryWorld) -> Life:
    life = world.start()
    await life.begin()
    await life.settle()
    return life


async def outputs(world: MemoryWorld) -> dict[str, object]:
    """What the states say, as the engine wrote them."""
    found = {}
    for stack in ("alone", "short", "on-top"):
        name = UnitName("shop", "production", stack)
        unit = await world.ledger.unit(name)
        assert unit is not None
        assert unit.outcome is not None
        found[stack] = unit.outcome.outputs["text"]
    return found


def test_how_far_a_stage_is_counts_units_where_each_should_be() -> None:
    old, new, head = (Commit(letter * 40) for letter in "012")
    there, behind = Place("api", new, new), Place("db", old, new, "no quota")
    said = how_far([there, behind], "shop", new)
    assert said.startswith(
        "1 of 2 units are at shop@111111111111 (api is at 111111111111; db is at"
    )
    assert "db is at 000000000000, not at the release, stalled: no quota" in said
    said = how_far([there, Place("new", None, new)], "shop", new)
    assert "new is not there yet, not at the release" in said
    ahead = Place("db", head, head, "drift comes back")
    said = how_far([there, ahead], "shop", new)
    assert said == (
        "all 2 units are where they should be, and not all can be kept so"
        " (db is at 222222222222, stalled: drift comes back)"
    )


async def test_a_null_output_is_passed_on_and_named_where_it_cannot_be(world) -> None:
    """Terraform writes no null output into a state; that it is missing there is no reason to wait.

    The unit upon it takes null for a text to be put together of, which the engine refuses.
    """
    null = MODULE.replace("value = terraform_data.second.output", "value = null")
    world.repository.commit(
        {"modules/data/main.tf": null, **stacks("two")}, author="Casey <casey@example.com>"
    )
    life = await begun(world)
    on_top = await life.app.unit("shop/dev/on-top")
    assert (on_top.reason, "let the module take null" in on_top.hint) == ("EngineRefused", True)
    assert "the output `text` of unit `shop/dev/short` is null" in on_top.message
    takes = null.replace("${var.upstream}", '${var.upstream == null ? "" : var.upstream}')
    world.repository.commit({"modules/data/main.tf": takes}, author="Casey <casey@example.com>")
    await life.pass_time(31)
    assert (await life.app.unit("shop/dev/on-top")).ready == "True"
    assert (await life.app.stage("shop/dev")).health == "healthy"


async def test_a_stopped_promotion_stands_half_way_until_the_next_release(world) -> None:
    life = await begun(world)
    await life.pass_time(60)  # it is tried once more
    stage = await life.app.stage(PRODUCTION)
    dev = await life.app.stage("shop/dev")
    assert (dev.health, dev.verified, stage.commit) == ("healthy", True, dev.commit)
    assert (stage.health, stage.verified) == ("degraded", False)
    assert "1 of 3 units are at shop@" in stage.waiting_for
    stopped = {place.split()[0]: place for place in stage.partial}
    assert "not at the release" not in stopped["alone"]
    assert QUOTA in stopped["short"]
    assert "not at the release" in stopped["on-top"]
    assert (await outputs(world))["alone"] == "two "
    again = await begun(world)  # killed: the pointer and the units tell the same
    assert (await again.app.stage(PRODUCTION)).partial == stage.partial

    world.repository.commit(stacks("three", "two"), author="Casey <casey@example.com>")
    await again.pass_time(31)
    stage = await again.app.stage(PRODUCTION)
    assert (stage.health, stage.partial, stage.waiting_for) == ("healthy", (), "")
    assert await outputs(world) == {"alone": "three ", "short": "three ", "on-top": "three three "}


async def test_a_stopped_promotion_is_rolled_back_to_what_was_there(world) -> None:
    life = await begun(world)
    await life.pass_time(60)
    left = (await life.app.stage(PRODUCTION)).commit
    await life.app.promotions.roll_back(OPERATOR, PRODUCTION, "no quota")
    await life.settle()
    stage = await life.app.stage(PRODUCTION)
    assert (stage.health, stage.partial, stage.held_by) == ("healthy", (), "olga")
    assert await outputs(world) == {"alone": "one ", "short": "one ", "on-top": "one one "}
    await life.app.promotions.lift(OPERATOR, PRODUCTION)
    await life.pass_time(400)
    assert (await life.app.stage(PRODUCTION)).commit != left
