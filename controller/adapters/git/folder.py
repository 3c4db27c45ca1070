"""A folder on disk as a snapshot, for `validate`, `render` and `plan` without a repository."""

import hashlib
import os
from pathlib import Path

from controller.diagnostics.errors import Stalled
from controller.model.snapshot import FileKind, Snapshot, SnapshotFile

LARGEST = 8 * 1024 * 1024
"""Bytes; a larger file is listed and never read."""


def snapshot(folder: Path) -> Snapshot:
    """Give the files below a folder; what begins with a dot is left out. Raises Stalled."""
    root = folder.resolve()
    if not root.is_dir():
        raise Stalled.because(f"there is no folder `{folder}`", hint="name the folder to look at")
    files: dict[str, SnapshotFile] = {}
    for directory, folders, names in os.walk(root, followlinks=False):
        links = [name for name in folders if (Path(directory) / name).is_symlink()]
        folders[:] = sorted(n for n in folders if not n.startswith(".") and n not in links)
        for name in sorted([*names, *links]):
            if not name.startswith("."):
                found = _file(root, Path(directory) / name)
                files[found.path] = found

    def read(path: str) -> bytes:
        if files[path].kind not in {FileKind.REGULAR, FileKind.EXECUTABLE}:
            raise Stalled.because(f"`{path}` is no regular file")
        return (root / path).read_bytes()

    return Snapshot(revision=None, files=files, read=read)


def _file(root: Path, path: Path) -> SnapshotFile:
    name = path.relative_to(root).as_posix()
    status = path.lstat()
    if not path.is_file() or path.is_symlink():
        return SnapshotFile(name, "", status.st_size, FileKind.SYMLINK)
    content = path.read_bytes() if status.st_size <= LARGEST else b""
    blob = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
    kind = FileKind.EXECUTABLE if status.st_mode & 0o111 else FileKind.REGULAR
    return SnapshotFile(name, blob, status.st_size, kind)
