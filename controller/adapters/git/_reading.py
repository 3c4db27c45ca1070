"""How a snapshot's `read` behaves, for every adapter."""

from collections.abc import Callable, Mapping

from controller.diagnostics.errors import Stalled
from controller.model.snapshot import FileKind, SnapshotFile

LARGEST_FILE = 32 * 1024 * 1024
"""Bytes of the largest file that is read: a config repository holds text."""


def reader_of(
    files: Mapping[str, SnapshotFile], read_blob: Callable[[str], bytes]
) -> Callable[[str], bytes]:
    """Give a `read` for these files that looks before it reads."""

    def read(path: str) -> bytes:
        file = files[path]
        if file.kind not in {FileKind.REGULAR, FileKind.EXECUTABLE}:
            raise Stalled.because(
                f"{path!r} is a {file.kind}, which is never followed",
                hint="put a regular file there",
                code="fetch/no-regular-file",
            )
        if file.size > LARGEST_FILE:
            raise Stalled.because(
                f"{path!r} has {file.size:,} bytes; expected at most {LARGEST_FILE:,}",
                hint="keep large files out of the config repository",
                code="fetch/file-too-large",
            )
        return read_blob(file.blob)

    return read
