"""Which files of a commit are ours, and which are refused before they are read."""

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from controller.diagnostics.diagnostic import Diagnostic, Severity
from controller.diagnostics.span import Span
from controller.model.snapshot import FileKind, Snapshot, SnapshotFile
from controller.steps.load.tree import Tree

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


def sort_files(tree: Tree) -> tuple[list[SnapshotFile], list[Diagnostic]]:
    """Give the files to be read in the order of their paths, and why others must not be."""
    ours: list[SnapshotFile] = []
    refusals: list[Diagnostic] = []
    for path in tree.paths:
        is_plain, is_other, reads = _about(path)
        if is_plain and is_other:
            continue
        file = tree.files[path]
        refusal = _refusal(file, is_plain=is_plain)
        if refusal is not None:
            refusals.append(refusal)
        elif reads:
            ours.append(file)
    return ours, refusals


def skipped_files(snapshot: Snapshot) -> Iterator[Diagnostic]:
    """Tell of each file that was left out because its path is no UTF-8."""
    for path in snapshot.skipped:
        shown = "".join(filter(str.isprintable, path))
        severity = Severity.ERROR if is_ours(path) else Severity.WARNING
        message = f"the path `{shown}` is not UTF-8, and the file is left out"
        yield _diagnostic("load/path-not-utf-8", message, shown, severity)


@lru_cache(maxsize=100_000)
def _about(path: str) -> tuple[bool, bool, bool]:
    """Tell of a path: does it stay in the tree, belongs it to others, would it be read."""
    parts = path.split("/")
    is_plain = not {"..", ".", ""} & set(parts) and path.isprintable() and "\\" not in path
    is_other = parts[0] in _OTHERS or any(part.startswith(".") for part in parts)
    return is_plain, is_other, is_ours(path)


def _refusal(file: SnapshotFile, *, is_plain: bool) -> Diagnostic | None:
    if not is_plain:
        message = "the path of this file does not stay in the repository, or cannot be written"
        return _diagnostic(
            "load/path-outside", message, "".join(filter(str.isprintable, file.path))
        )
    if file.kind in _NAMES:
        message = f"`{file.path}` is a {_NAMES[file.kind]}, and is not followed"
        code = "load/symlink" if file.kind is FileKind.SYMLINK else "load/submodule"
        severity = Severity.ERROR if is_ours(file.path) else Severity.WARNING
        return _diagnostic(code, message, file.path, severity)
    if file.size > LARGEST_FILE and is_ours(file.path):
        message = f"the file has {file.size} bytes; documents are read up to {LARGEST_FILE}"
        found = _diagnostic("load/too-large", message, file.path)
        return replace(found, hint="divide it, or put it below `apps/` if it is no document")
    return None


def _diagnostic(
    code: str, message: str, path: str, severity: Severity = Severity.ERROR
) -> Diagnostic:
    span = Span(path, 1, 1, 1, 1)
    return Diagnostic(code=code, message=message, span=span, severity=severity)
