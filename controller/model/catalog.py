"""Snapshot → catalog: all documents of one commit, validated and linked; immutable."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeVar, cast, get_args

from controller.diagnostics.diagnostic import Diagnostic
from controller.diagnostics.span import Span
from controller.model.module import Module
from controller.model.names import Digest, Revision
from schemas.document import Document as DocumentModel

M = TypeVar("M", bound=DocumentModel)


UNREADABLE = "File"
"""The kind of a reference to a file with a document in it that could not even be named."""


class Reference(NamedTuple):
    """How one document is named: kind, product ("" for platform documents) and name.

    A tuple, because a commit has tens of thousands of them, which are compared at every load.
    """

    kind: str
    product: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} `{self.name}`" + (f" of `{self.product}`" if self.product else "")


@dataclass(frozen=True)
class Document:
    """A document with the place it was read from and a digest of its content."""

    reference: Reference
    model: DocumentModel
    span: Span
    digest: Digest


@dataclass(frozen=True)
class Catalog:
    """All that one commit says. `broken` names what could not be used, and why it is missed.

    A reference is broken when its own document has an error or when it needs one that has.
    `trees` holds the folders that documents point at with `{path: …}`: path → digest of content.
    """

    revision: Revision | None
    documents: Mapping[Reference, Document]
    modules: Mapping[str, Module]
    trees: Mapping[str, Digest]
    broken: Mapping[Reference, tuple[Diagnostic, ...]]
    diagnostics: tuple[Diagnostic, ...]

    def all(self, kind: type[M]) -> Iterator[M]:
        """Give every usable document of a kind, in the order of their names."""
        for found, models in self._of_kinds.items():
            if issubclass(found, kind):
                yield from cast("list[M]", models)

    def find(self, kind: type[M], name: str, product: str = "") -> M | None:
        """Give one usable document, or None."""
        (word,) = get_args(kind.model_fields["kind"].annotation)
        document = self.documents.get(Reference(word, product, name))
        return document.model if document and isinstance(document.model, kind) else None

    @cached_property
    def _of_kinds(self) -> Mapping[type[DocumentModel], list[DocumentModel]]:
        """By their names, which begin with the kind; sorted once for all."""
        found: dict[type[DocumentModel], list[DocumentModel]] = {}
        for reference in sorted(self.documents):
            model = self.documents[reference].model
            found.setdefault(type(model), []).append(model)
        return found
