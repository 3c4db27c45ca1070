"""Git → snapshot: the files of one commit, read when they are asked for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from controller.model.names import Revision


class FileKind(StrEnum):
    """What a path of a tree is; only regular files are ever read."""

    REGULAR = "regular"
    EXECUTABLE = "executable"
    SYMLINK = "symlink"
    SUBMODULE = "submodule"


@dataclass(frozen=True, slots=True)
class SnapshotFile:
    """One path of a commit: its blob identity and its size in bytes."""

    path: str
    blob: str
    size: int
    kind: FileKind


@dataclass(frozen=True)
class Snapshot:
    """The files of one commit (or of a folder: then `revision` is None).

    `read(path)` gives the content in bytes; it reads from the object database, never from a
    checkout. Two snapshots are equal when they show the same commit and the same blobs.
    """

    revision: Revision | None
    files: Mapping[str, SnapshotFile]
    author: str = ""
    subject: str = ""
    co_authors: tuple[str, ...] = ()
    committed_at: datetime | None = None
    skipped: tuple[str, ...] = ()
    """Paths that are left out because they are not UTF-8, with `\\x..` for bytes that are none."""
    read: Callable[[str], bytes] = field(compare=False, repr=False, default=lambda _path: b"")
