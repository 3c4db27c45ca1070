"""What makes two commits the same release."""

import pytest

from controller import shipped
from controller.adapters.git.memory import MemoryRepository
from controller.model.release import Release
from controller.steps.load.load import load
from controller.steps.release import release

API = "products/shop/stacks/api.yaml"


async def released(repository: MemoryRepository) -> Release | None:
    head = await repository.fetch()
    snapshot = await repository.snapshot(head.revision.commit)
    return release(load(snapshot, shipped.files()), snapshot, shipped.files(), "shop")


@pytest.fixture
def repository() -> MemoryRepository:
    made = MemoryRepository()
    made.commit(dict(shipped.example()), subject="first", author="Ada <ada@example.com>")
    return made


async def test_words_beside_the_product_make_no_new_release(repository) -> None:
    before = await released(repository)
    repository.commit({"README.md": "other words", "platform/policies.yaml": None})
    after = await released(repository)
    assert before is not None and after is not None
    assert after.digest == before.digest
    assert after.commit != before.commit


@pytest.mark.parametrize(
    "path", [API, "products/shop/secrets.yaml", "products/shop/load.yaml", "apps/shop/api.py"]
)
async def test_a_change_of_the_product_is_a_new_release(repository, path: str) -> None:
    before = await released(repository)
    content = shipped.example()[path] + b"\n"
    if path.endswith(".yaml"):
        content = content.replace(b"every: 10m", b"every: 11m").replace(b"30d", b"31d")
        content = content.replace(b"users: 8", b"users: 9")
    repository.commit({path: content})
    after = await released(repository)
    assert before is not None and after is not None
    assert after.digest != before.digest


async def test_a_module_of_the_repository_and_its_load_test_belong_to_the_release(
    repository,
) -> None:
    before = await released(repository)
    modules = {
        path: content
        for path, content in shipped.files().items()
        if path.startswith("modules/local/storage/") or path == "loadtests/shop.py"
    }
    repository.commit(modules)
    same_modules = await released(repository)
    repository.commit({"loadtests/shop.py": modules["loadtests/shop.py"] + b"# more\n"})
    other = await released(repository)
    assert before is not None and same_modules is not None and other is not None
    assert len({before.digest, same_modules.digest, other.digest}) >= 2
    assert other.digest != same_modules.digest


@pytest.mark.parametrize(
    "broken", [{API: "kind: [\n"}, {API: shipped.example()[API].replace(b"inputs:", b"input:", 1)}]
)
async def test_a_broken_product_is_no_release(repository, broken) -> None:
    repository.commit(broken)
    assert await released(repository) is None


async def test_another_products_fault_does_not_matter(repository) -> None:
    repository.commit(
        {
            "products/blog/product.yaml": "apiVersion: platform/v1\nkind: Product\n"
            "metadata: {name: blog}\nspec: {owner: team, environments: [dev]}\n",
            "products/blog/stack.yaml": "apiVersion: platform/v1\nkind: Stack\n"
            "metadata: {name: blog-web, product: blog}\nspec: {modul: x}\n",
        }
    )
    assert await released(repository) is not None
