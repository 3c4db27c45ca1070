"""Catalogs of several commits → the one that holds in a stage."""

from dataclasses import replace

from controller.model.catalog import UNREADABLE, Catalog, Document, Reference

PLATFORM_KINDS = frozenset(
    {"Environment", "SecretStore", "Policy", "Pipeline", "Exception", "Notification"}
)
"""Documents of the platform team: they always count as they are at the head of the branch."""


def compose(product: str, *, head: Catalog, release: Catalog) -> Catalog:
    """Lay the platform's documents at the head over a product's documents at its release.

    A platform document that is broken at the head holds as it was at the release.
    """
    documents: dict[Reference, Document] = {
        reference: document
        for reference, document in release.documents.items()
        if reference.kind not in PLATFORM_KINDS and _is_of(reference, product)
    }
    somebody_is_unnamed = any(reference.kind == UNREADABLE for reference in head.broken)
    for reference in {*release.documents, *head.documents}:
        if reference.kind in PLATFORM_KINDS:
            chosen = head.documents.get(reference)
            if chosen is None and (reference in head.broken or somebody_is_unnamed):
                chosen = release.documents.get(reference)
            if chosen is not None:
                documents[reference] = chosen
    return replace(release, documents=documents, broken={}, diagnostics=())


def _is_of(reference: Reference, product: str) -> bool:
    return reference.product == product or (reference.kind, reference.name) == ("Product", product)
