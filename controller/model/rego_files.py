"""Snapshot → the files of Rego that a policy names."""

from collections.abc import Mapping

from controller.model.snapshot import FileKind, SnapshotFile

ENDING = ".rego"
TESTS = "_test.rego"
_FILES = frozenset({FileKind.REGULAR, FileKind.EXECUTABLE})


def rego_files(files: Mapping[str, SnapshotFile], path: str) -> tuple[str, ...]:
    """Give the paths: the file itself, or all below a folder; tests of policies are left out."""
    if path.endswith(ENDING):
        found = [path] if path in files else []
    else:
        below = path.rstrip("/") + "/"
        found = [
            name
            for name in files
            if name.startswith(below) and name.endswith(ENDING) and not name.endswith(TESTS)
        ]
    return tuple(sorted(name for name in found if files[name].kind in _FILES))
