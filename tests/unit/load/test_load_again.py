"""Loads that know what earlier ones have read give what loads that know nothing give."""

import random
import re

import pytest

from controller.model.catalog import Catalog
from controller.model.snapshot import FileKind
from controller.steps.load.load import ParsedFiles, load
from tests.unit.load.load_repositories import BASE, snapshot

WORDS = sorted({word for text in BASE.values() for word in re.findall(r"[\w./-]+", text)})
LOAD_TEST = """
apiVersion: platform/v1
kind: LoadTest
metadata: {name: shop-load, product: shop}
spec:
  file: loadtests/shop.py
  target: {output: shop-api.url}
---
apiVersion: platform/v1
kind: Pipeline
metadata: {name: shop, product: shop}
spec:
  stages:
    - {environment: dev, gates: [shop-load]}
    - {environment: production, after: [dev]}
---
apiVersion: platform/v1
kind: Product
metadata: {name: blog}
spec: {owner: team-blog, environments: [dev]}
---
apiVersion: platform/v1
kind: Stack
metadata: {name: shop-db, product: blog}
spec: {module: modules/db, inputs: {database: blog}}
"""


def shown(catalog: Catalog) -> object:
    documents = {
        reference: (document.model, document.span, document.digest)
        for reference, document in catalog.documents.items()
    }
    return (
        list(documents.items()),
        catalog.modules,
        catalog.trees,
        list(catalog.broken.items()),
        catalog.diagnostics,
    )


def edit(files: dict[str, str], kinds: dict[str, FileKind], chance: random.Random) -> None:
    path = chance.choice(sorted(files))
    match chance.randint(0, 9):
        case 0:
            del files[path]
        case 1:
            files[chance.choice(["apps/shop/x.py", "modules/db/x.tf", "loadtests/b.py"])] = "\n"
        case 2:
            kinds[path] = chance.choice(list(FileKind))
        case 3 | 4 | 5:
            words = list(re.finditer(r"[\w./-]+", files[path])) or [None]
            found = chance.choice(words)
            if found:
                text = files[path]
                files[path] = text[: found.start()] + chance.choice(WORDS) + text[found.end() :]
        case 6:
            pieces = files[path].split("\n")
            pieces.pop(chance.randrange(len(pieces)))
            files[path] = "\n".join(pieces)
        case _:  # mend something
            kinds.clear()
            known = {**BASE, "products/more.yaml": LOAD_TEST}
            path = chance.choice(sorted(known))
            files[path] = known[path]


@pytest.mark.parametrize("seed", range(6))
def test_a_load_that_knows_earlier_ones_gives_the_same(seed: int) -> None:
    chance = random.Random(seed)
    kept = ParsedFiles()
    files: dict[str, str] = {**BASE, "products/more.yaml": LOAD_TEST}
    kinds: dict[str, FileKind] = {}
    shipped: dict[str, bytes] = {}
    for number in range(60):
        if number % 20 == 19:
            shipped = {"loadtests/shop.py": b""} if not shipped else {}
        for _ in range(chance.randint(1, 2)):
            edit(files, kinds, chance)
        commit = snapshot(files, {path: kind for path, kind in kinds.items() if path in files})
        assert shown(load(commit, shipped, kept)) == shown(load(commit, shipped))
        if not files:
            files = dict(BASE)
