"""A secret's copies follow its document."""

from controller.model.delivery import SecretReference
from tests.support.worlds import SECRETS, MemoryWorld

PATH = "products/shop/secrets.yaml"
DELETED = """  deliver:
    copies:
      - store: {store: main, path: "apps/shop/{environment}/x"}
        removal: delete
      - store: {store: main, path: "apps/{environment}"}
"""


async def test_copies_follow_the_document() -> None:
    world = MemoryWorld()
    world.example()
    text = SECRETS.replace("  rotation", DELETED + "  rotation", 1)
    world.edit(PATH, SECRETS, text)
    life = world.start()
    await life.begin()
    await life.settle()
    kept, gone = SecretReference("main", "apps/dev"), SecretReference("main", "apps/shop/dev/x")
    own = await world.store.read(SecretReference("main", "shop/dev/shop-api-key"))
    assert own is not None
    assert await world.store.read(kept) == await world.store.read(gone) == own
