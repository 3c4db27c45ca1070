"""Where modules come from, and what is wrong with them."""

from collections.abc import Hashable, Iterable, Mapping

from controller.diagnostics.diagnostic import Diagnostic
from controller.diagnostics.span import Span
from controller.model.module import Module
from controller.model.snapshot import FileKind, Snapshot
from controller.steps.load.modules import ModuleFault, is_part_of_module, read_module
from controller.steps.load.recent import Recent
from controller.steps.load.tree import Tree

ReadModule = tuple[Module, tuple[ModuleFault, ...]]
_FILES = frozenset({FileKind.REGULAR, FileKind.EXECUTABLE})


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
        """Give the folders below `modules/` that hold `.tf` files."""
        paths = (*self._snapshot.files, *self._shipped)
        return frozenset(
            path.rpartition("/")[0]
            for path in paths
            if path.startswith("modules/") and path.endswith(".tf")
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
            module, faults = found
            if faults:
                refused[path] = tuple(_module_diagnostic(path, fault) for fault in faults)
            else:
                modules[path] = module
        return modules, refused

    def _find(self, path: str) -> ReadModule | None:
        prefix = path + "/"
        own = self._tree.below(path)
        key: Hashable
        if own:
            files = (self._snapshot.files[name] for name in own)
            key = (path, tuple((file.path, file.blob, file.kind) for file in files))
        else:
            own = sorted(name for name in self._shipped if name.startswith(prefix))
            key = (path, tuple((name, self._shipped[name]) for name in own))
        if not own:
            return None
        found = self._kept.find(key)
        if found is None:
            found = self._read(path, own)
            self._kept.keep(key, found)
        return found

    def _read(self, path: str, names: list[str]) -> ReadModule:
        prefix = path + "/"
        faults = []
        files = {}
        for name in names:
            below = name.removeprefix(prefix)
            entry = self._snapshot.files.get(name)
            if not is_part_of_module(below):
                continue
            if entry is not None and entry.kind not in _FILES:
                message = f"`{below}` is a {entry.kind.value}"
                faults.append(ModuleFault("module/not-a-file", below, 1, message))
                continue
            files[below] = self._snapshot.read(name) if entry else self._shipped[name]
        module, more = read_module(path, files)
        return module, (*faults, *more)


def _module_diagnostic(path: str, fault: ModuleFault) -> Diagnostic:
    where = f"{path}/{fault.file}" if fault.file else path
    span = Span(where, fault.line, 1, fault.line, 1)
    return Diagnostic(code=fault.code, message=fault.message, span=span, hint=fault.hint)
