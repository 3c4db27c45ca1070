"""A new life has its engines load what the stacks need, before anybody waits for it."""

import json

from controller.diagnostics.errors import EngineFailed
from tests.support.worlds import Life, MemoryWorld

MODULE = """terraform {
  required_providers {
    cloud = { source = "example/cloud", version = ">= 1.0" }
  }
}
variable "stack" { type = string }
"""
PROVIDERS = {"cloud": ("example/cloud", ">= 1.0")}


def document(kind: str, metadata: dict[str, str], spec: dict[str, object]) -> str:
    return json.dumps(
        {"apiVersion": "platform/v1", "kind": kind, "metadata": metadata, "spec": spec}
    )


def world(**environment: object) -> MemoryWorld:
    made = MemoryWorld()
    spec = {"engine": "embedded", "providers": {"cloud": {}}, **environment}
    product = {"owner": "team-shop", "environments": ["dev"]}
    pipeline = {"stages": [{"environment": "dev"}]}
    files = {
        "modules/place/main.tf": MODULE,
        "dev.yaml": document("Environment", {"name": "dev"}, spec),
        "shop.yaml": document("Product", {"name": "shop"}, product),
        "stages.yaml": document("Pipeline", {"name": "shop", "product": "shop"}, pipeline),
        "api.yaml": document(
            "Stack", {"name": "api", "product": "shop"}, {"module": "modules/place"}
        ),
    }
    made.repository.commit(files, subject="first", author="C <c@x.org>")
    return made


async def begun(made: MemoryWorld) -> Life:
    life = made.start()
    await life.begin()
    await life.settle()
    return life


async def test_providers_are_loaded_when_a_life_begins_that_knows_the_repository() -> None:
    made = world()
    await begun(made)
    assert made.engine.readied == []  # the first units load them all the same
    await begun(made)
    assert made.engine.readied == [PROVIDERS]


async def test_nothing_is_loaded_for_an_environment_that_is_suspended_or_has_no_such_provider() -> (
    None
):
    for made in (world(suspended=True), world(providers={"other": {}})):
        await begun(made)
        await begun(made)
        assert made.engine.readied == []


async def test_an_engine_that_cannot_get_ready_stops_nothing() -> None:
    made = world()
    await begun(made)
    made.engine.fail("get_ready", EngineFailed.because("no network"))
    life = await begun(made)
    assert made.engine.readied == []
    assert [unit.name for unit in await life.app.units()] == ["shop/dev/api"]
