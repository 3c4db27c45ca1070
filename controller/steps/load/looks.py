"""What the linking of one document looked at, so that nothing is linked again that cannot differ.

Only a document without a fault is kept: what the others are told may name anything in the commit.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.model.catalog import Reference
from controller.model.module import Module
from controller.model.snapshot import SnapshotFile
from controller.steps.load.documents import Parsed
from controller.steps.load.nodes import Path


@dataclass(slots=True)
class Looks:
    """Everything that was asked for while a document was linked, with the answers."""

    documents: dict[Reference, Parsed | None] = field(default_factory=dict)
    known: set[Reference] = field(default_factory=set)
    modules: dict[str, Module | None] = field(default_factory=dict)
    files: dict[str, SnapshotFile | None] = field(default_factory=dict)
    folders: dict[str, tuple[SnapshotFile, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Linked:
    """A document that was linked without a fault: whom it needs, and what that rests on."""

    needs: Mapping[Reference, Path]
    looks: Looks
