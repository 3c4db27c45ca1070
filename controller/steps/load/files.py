"""Which files of a commit are ours, and which are refused before they are read."""

from collections.abc import Iterator

from controller.diagnostics.diagnostic import Diagnostic, Severity
from controller.diagnostics.span import Span
from controller.model.snapshot import FileKind, Snapshot, SnapshotFile

LARGEST_FILE = 1 << 20
"""In bytes: a document is written by people."""
_OTHERS = frozenset({"modules", "loadtests", "apps"})
_NAMES = {FileKind.SYMLINK: "symbolic link", FileKind.SUBMODULE: "submodule"}


def is_ours(path: str) -> bool:
    """Tell whether a path would be read: every YAML file but below the folders of other things."""
    parts = path.split("/")
    if parts[0] in _OTHERS or any(part.startswith(".") for part in parts):
        return False
    return path.endswith((".yaml", ".yml"))


def our_files(snapshot: Snapshot) -> Iterator[SnapshotFile]:
    """Give the files to be read, in the order of their paths."""
    for path in sorted(snapshot.files):
        file = snapshot.files[path]
        if is_ours(path) and _refusal(file) is None:
            yield file


def refused_files(snapshot: Snapshot) -> Iterator[Diagnostic]:
    """Give a diagnostic for each file that must not be read."""
    for path in sorted(snapshot.files):
        refusal = _refusal(snapshot.files[path])
        if refusal is not None:
            yield refusal


def _refusal(file: SnapshotFile) -> Diagnostic | None:
    parts = file.path.split("/")
    is_plain = not {"..", ".", ""} & set(parts) and file.path.isprintable()
    if not is_plain or "\\" in file.path:
        message = "the path of this file does not stay in the repository, or cannot be written"
        return _diagnostic(
            "load/path-outside", message, "".join(filter(str.isprintable, file.path))
        )
    if parts[0] in _OTHERS or any(part.startswith(".") for part in parts):
        return None
    if file.kind in _NAMES:
        message = f"`{file.path}` is a {_NAMES[file.kind]}, and is not followed"
        code = "load/symlink" if file.kind is FileKind.SYMLINK else "load/submodule"
        severity = Severity.ERROR if is_ours(file.path) else Severity.WARNING
        return _diagnostic(code, message, file.path, severity)
    if is_ours(file.path) and file.size > LARGEST_FILE:
        message = f"the file has {file.size} bytes; documents are read up to {LARGEST_FILE}"
        return _diagnostic("load/too-large", message, file.path)
    return None


def _diagnostic(
    code: str, message: str, path: str, severity: Severity = Severity.ERROR
) -> Diagnostic:
    span = Span(path, 1, 1, 1, 1)
    return Diagnostic(code=code, message=message, span=span, severity=severity)
