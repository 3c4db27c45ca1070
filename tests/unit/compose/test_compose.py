"""Whose documents hold where."""

from controller import shipped
from controller.adapters.git.memory import MemoryRepository
from controller.model.catalog import Catalog
from controller.steps.compose import compose
from controller.steps.load.load import load
from schemas.kinds.environment import Environment
from schemas.kinds.stack import Stack

ENVIRONMENTS = "platform/environments.yaml"
API = "products/shop/stacks/api.yaml"


async def catalogs(*changes: dict[str, bytes | str | None]) -> list[Catalog]:
    repository = MemoryRepository()
    repository.commit(dict(shipped.example()))
    found = []
    for change in ({}, *changes):
        repository.commit(change)
        head = await repository.fetch()
        found.append(load(await repository.snapshot(head.revision.commit), shipped.files()))
    return found


async def test_platform_documents_hold_as_at_the_head_and_a_products_as_at_its_release() -> None:
    example = shipped.example()
    release, head = await catalogs(
        {
            ENVIRONMENTS: example[ENVIRONMENTS].replace(b"every: 5m", b"every: 7m"),
            API: example[API].replace(b"replicas: 1", b"replicas: 4"),
        }
    )
    composed = compose("shop", head=head, release=release)
    environment = composed.find(Environment, "dev")
    api = composed.find(Stack, "shop-api", "shop")
    assert environment is not None and environment.spec.sync.every.total_seconds() == 420
    assert api is not None and api.spec.inputs["replicas"] == 1


async def test_a_platform_document_that_is_broken_holds_as_it_was() -> None:
    text = shipped.example()[ENVIRONMENTS]
    release, one_wrong, unreadable = await catalogs(
        {ENVIRONMENTS: text.replace(b"engine: embedded ", b"engin: embedded ", 1)},
        {ENVIRONMENTS: b"\t- no\n"},
    )
    for head in (one_wrong, unreadable):
        assert compose("shop", head=head, release=release).find(Environment, "dev") is not None


async def test_a_platform_document_that_was_taken_out_is_gone() -> None:
    release, head = await catalogs({"platform/policies.yaml": None})
    kinds = {r.kind for r in compose("shop", head=head, release=release).documents}
    assert "Policy" not in kinds
    assert "Stack" in kinds
