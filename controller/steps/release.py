"""Catalog → release: what a commit says of one product, as one digest."""

import hashlib
import json
from collections.abc import Iterator, Mapping

from controller.model.catalog import UNREADABLE, Catalog, Document, Reference
from controller.model.names import Digest
from controller.model.release import Release
from controller.model.snapshot import Snapshot
from schemas.kinds.load_test import LoadTest
from schemas.kinds.stack import Stack

RELEASED_KINDS = frozenset({"Product", "Stack", "Secret", "LoadTest"})
"""Documents that a release carries; all others count as they are at the head of the branch."""


def belongs_to(document: Document, product: str) -> bool:
    """Tell whether a release of `product` carries the document."""
    return document.reference.kind in RELEASED_KINDS and _is_of(document.reference, product)


def is_complete(catalog: Catalog, product: str) -> bool:
    """Tell whether nothing of the product is broken at this commit.

    A document that could not even be named may be anybody's: then no product is complete.
    """
    return not any(
        reference.kind == UNREADABLE
        or (reference.kind in RELEASED_KINDS and _is_of(reference, product))
        for reference in catalog.broken
    )


def _is_of(reference: Reference, product: str) -> bool:
    return reference.product == product or (reference.kind, reference.name) == ("Product", product)


def owned_paths(catalog: Catalog, product: str) -> tuple[str, ...]:
    """Give the files, and the folders with a `/` at the end, that a release is made of."""
    found = set()
    for document in catalog.documents.values():
        if not belongs_to(document, product):
            continue
        found.add(document.span.path)
        model = document.model
        if isinstance(model, Stack):
            found |= {f"{path}/" for path in (model.spec.module, *model.paths())}
        if isinstance(model, LoadTest):
            found.add(model.spec.file)
    return tuple(sorted(found))


def release(
    catalog: Catalog, snapshot: Snapshot, shipped: Mapping[str, bytes], product: str
) -> Release | None:
    """Give the release that this commit holds for a product; None when it is incomplete.

    The digest covers the product's documents and everything they are made of: modules, folders,
    load test files. A commit that changes none of it is the same release.
    """
    if snapshot.revision is None or not is_complete(catalog, product):
        return None
    found = sorted(set(parts(catalog, snapshot, shipped, product)))
    if not found:
        return None
    text = json.dumps(found, separators=(",", ":")).encode()
    return Release(
        product=product,
        commit=snapshot.revision.commit,
        digest=Digest("sha256:" + hashlib.sha256(text).hexdigest()),
        subject=snapshot.subject,
        author=snapshot.author,
        committed_at=snapshot.committed_at,
    )


def parts(
    catalog: Catalog, snapshot: Snapshot, shipped: Mapping[str, bytes], product: str
) -> Iterator[tuple[str, str]]:
    """Give all that a release is made of, each with a name for people and a digest."""
    for document in catalog.documents.values():
        if not belongs_to(document, product):
            continue
        yield str(document.reference), document.digest
        model = document.model
        if isinstance(model, Stack):
            module = catalog.modules.get(model.spec.module)
            if module is not None:
                yield f"module {module.path}", module.digest
            for path in model.paths():
                yield f"folder {path}", catalog.trees[path]
        if isinstance(model, LoadTest):
            for path in (model.spec.file, *model.spec.data):
                if path in snapshot.files:
                    yield f"file {path}", snapshot.files[path].blob
                else:
                    yield f"file {path}", hashlib.sha256(shipped[path]).hexdigest()
