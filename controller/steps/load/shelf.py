"""Where modules come from, and what is wrong with them."""

import posixpath
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass

from controller.diagnostics.diagnostic import Diagnostic
from controller.diagnostics.span import Span
from controller.model.module import Module
from controller.model.snapshot import FileKind, Snapshot
from controller.steps.load.module_code import is_read
from controller.steps.load.module_folders import folders_beside
from controller.steps.load.modules import ModuleFault, is_part_of_module, read_module
from controller.steps.load.recent import Recent
from controller.steps.load.tree import Tree

_FILES = frozenset({FileKind.REGULAR, FileKind.EXECUTABLE})


@dataclass(frozen=True, slots=True)
class ReadModule:
    """A module as it was read, and what the folders beside it that it calls held then."""

    module: Module
    faults: tuple[ModuleFault, ...]
    beside: Mapping[str, Hashable]


class Shelf:
    """Modules: from the commit when they are there, else from what is shipped."""

    def __init__(
        self,
        snapshot: Snapshot,
        tree: Tree,
        shipped: Mapping[str, bytes],
        kept: Recent[Hashable, ReadModule],
    ) -> None:
        self._snapshot = snapshot
        self._tree = tree
        self._shipped = shipped
        self._kept = kept

    def names(self) -> frozenset[str]:
        """Give the folders below `modules/` that hold code."""
        paths = (*self._snapshot.files, *self._shipped)
        return frozenset(
            path.rpartition("/")[0]
            for path in paths
            if path.startswith("modules/") and is_read(path)
        )

    def read(
        self, wanted: Iterable[str]
    ) -> tuple[Mapping[str, Module], Mapping[str, tuple[Diagnostic, ...]]]:
        """Give the modules that can be used, and what is wrong with the others."""
        modules: dict[str, Module] = {}
        refused: dict[str, tuple[Diagnostic, ...]] = {}
        for path in wanted:
            if not path.startswith("modules/"):
                continue
            found = self._find(path)
            if found is None:
                continue
            if found.faults:
                refused[path] = tuple(_module_diagnostic(path, fault) for fault in found.faults)
            else:
                modules[path] = found.module
        return modules, refused

    def _find(self, path: str) -> ReadModule | None:
        names, held = self._held(path)
        if not names:
            return None
        key = path, held
        found = self._kept.find(key)
        if found is None or any(
            self._held(folder)[1] != before for folder, before in found.beside.items()
        ):
            found = self._read(path, names)
            self._kept.keep(key, found)
        return found

    def _held(self, folder: str) -> tuple[list[str], Hashable]:
        """Give the paths below a folder, and what tells whether any of it has changed."""
        own = self._tree.below(folder)
        if own:
            files = (self._snapshot.files[name] for name in own)
            return list(own), tuple((file.path, file.blob, file.kind) for file in files)
        own = sorted(name for name in self._shipped if name.startswith(f"{folder}/"))
        return own, tuple((name, self._shipped[name]) for name in own)

    def _read(self, path: str, names: list[str]) -> ReadModule:
        faults: list[ModuleFault] = []
        files = self._files(path, names, faults)
        beside: dict[str, Hashable] = {}
        while more := folders_beside(path, files) - beside.keys():
            for folder in sorted(more):
                held, beside[folder] = self._held(folder)
                outside = [name for name in held if not name.startswith(f"{path}/")]
                files |= self._files(path, outside, faults)
        module, found = read_module(path, files)
        return ReadModule(module, (*faults, *found), beside)

    def _files(
        self, path: str, names: Iterable[str], faults: list[ModuleFault]
    ) -> dict[str, bytes]:
        """Give contents by their paths as seen from the module."""
        files = {}
        for name in names:
            seen = posixpath.relpath(name, path)
            entry = self._snapshot.files.get(name)
            if not is_part_of_module(seen):
                continue
            if entry is not None and entry.kind not in _FILES:
                message = f"`{seen}` is a {entry.kind.value}"
                faults.append(ModuleFault("module/not-a-file", seen, 1, message))
                continue
            files[seen] = self._snapshot.read(name) if entry else self._shipped[name]
        return files


def _module_diagnostic(path: str, fault: ModuleFault) -> Diagnostic:
    where = posixpath.normpath(f"{path}/{fault.file}")
    span = Span(where, fault.line, 1, fault.line, 1)
    return Diagnostic(code=fault.code, message=fault.message, span=span, hint=fault.hint)
