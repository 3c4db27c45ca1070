"""Snapshot → catalog."""

import hashlib
from collections.abc import Hashable, Iterable, Iterator, Mapping

from controller.diagnostics.diagnostic import Diagnostic, Related
from controller.model.catalog import UNREADABLE, Catalog, Document, Reference
from controller.model.names import Digest
from controller.model.snapshot import Snapshot
from controller.steps.load.cycles import report_cycles
from controller.steps.load.documents import Parsed, parse_file
from controller.steps.load.files import our_files, refused_files
from controller.steps.load.link_kinds import LINKERS
from controller.steps.load.link_stacks import link_stack
from controller.steps.load.linking import Linking
from controller.steps.load.recent import Recent
from controller.steps.load.shelf import ReadModule, Shelf
from schemas.kinds.stack import Stack


class ParsedFiles:
    """What earlier loads have read, so that a push costs what it changed."""

    def __init__(self, most: int = 50_000) -> None:
        self.documents: Recent[tuple[str, str], tuple[Parsed, ...]] = Recent(most)
        self.modules: Recent[Hashable, ReadModule] = Recent(1_000)


def load(
    snapshot: Snapshot, shipped: Mapping[str, bytes], parsed_files: ParsedFiles | None = None
) -> Catalog:
    """Read, check and link all documents of a commit. Raises nothing for what is wrong with them.

    Every fault of the commit is in `diagnostics`, in the order of files and lines. A broken
    document takes out only what needs it; `broken` names those with the reasons. A document that
    cannot even be named stands there as `Reference("File", "", path)`.
    """
    kept = parsed_files or ParsedFiles()
    diagnostics = list(refused_files(snapshot))
    broken: dict[Reference, list[Diagnostic]] = {}
    for found in diagnostics:
        if found.severity == "error" and found.span:
            broken[Reference(UNREADABLE, "", found.span.path)] = [found]
    parsed = list(_parse(snapshot, kept))
    for each in parsed:
        diagnostics.extend(each.diagnostics)
    documents = _sort_out(parsed, broken, diagnostics)
    linking = _link(snapshot, shipped, kept, documents, broken)
    for reference, found_there in linking.found.items():
        broken.setdefault(reference, []).extend(found_there)
        diagnostics.extend(found_there)
    _spread(linking, broken)
    usable = {
        reference: Document(reference, each.model, each.sheet.span(*each.place), each.digest)
        for reference, each in sorted(documents.items(), key=lambda item: item[0])
        if reference not in broken and each.model is not None
    }
    return Catalog(
        revision=snapshot.revision,
        documents=usable,
        modules=linking.modules,
        trees=_trees(snapshot, linking, usable),
        broken={reference: tuple(broken[reference]) for reference in sorted(broken)},
        diagnostics=_in_order(diagnostics),
    )


def _parse(snapshot: Snapshot, kept: ParsedFiles) -> Iterator[Parsed]:
    for file in our_files(snapshot):
        key = (file.path, file.blob)
        found = kept.documents.find(key)
        if found is None:
            found = parse_file(file.path, snapshot.read(file.path))
            kept.documents.keep(key, found)
        yield from found


def _sort_out(
    parsed: Iterable[Parsed],
    broken: dict[Reference, list[Diagnostic]],
    diagnostics: list[Diagnostic],
) -> dict[Reference, Parsed]:
    """Give the documents that have the shape of their kind; note which are broken already."""
    first: dict[Reference, Parsed] = {}
    readable: dict[Reference, Parsed] = {}
    for each in parsed:
        reference = each.reference or Reference(UNREADABLE, "", each.sheet.path)
        if each.diagnostics:
            broken.setdefault(reference, []).extend(each.diagnostics)
        if each.reference is None:
            continue
        if reference in first:
            again = _duplicate(first[reference], each, reference)
            broken.setdefault(reference, []).append(again)
            diagnostics.append(again)
        elif each.model is not None:
            readable[reference] = each
        first.setdefault(reference, each)
    return readable


def _duplicate(first: Parsed, second: Parsed, reference: Reference) -> Diagnostic:
    return second.sheet.find(
        "load/duplicate-document",
        f"there is a second {reference}",
        second.place,
        hint="rename one of them, or take it away",
        related=(Related("the first stands here", first.sheet.span(*first.place)),),
    )


def _link(
    snapshot: Snapshot,
    shipped: Mapping[str, bytes],
    kept: ParsedFiles,
    documents: Mapping[Reference, Parsed],
    broken: Mapping[Reference, list[Diagnostic]],
) -> Linking:
    wanted = sorted(
        {each.model.spec.module for each in documents.values() if isinstance(each.model, Stack)}
    )
    shelf = Shelf(snapshot, shipped, kept.modules)
    modules, refused = shelf.read(wanted)
    linking = Linking(
        documents=documents,
        known=frozenset((*documents, *broken)),
        modules=modules,
        refused_modules=refused,
        module_names=shelf.names(),
        snapshot=snapshot,
        shipped=shipped,
        folders=_folders(snapshot),
    )
    for reference in sorted(documents):
        model = documents[reference].model
        if reference.product:
            path = ("metadata", "product")
            linking.need(reference, "Product", reference.product, path)
        if isinstance(model, Stack):
            link_stack(linking, reference, model)
        else:
            LINKERS[reference.kind](linking, reference, model)
    report_cycles(linking)
    return linking


def _spread(linking: Linking, broken: dict[Reference, list[Diagnostic]]) -> None:
    """Break whatever needs what is broken."""
    needed_by: dict[Reference, list[Reference]] = {}
    for reference, needs in linking.needs.items():
        for needed in needs:
            needed_by.setdefault(needed, []).append(reference)
    queue = sorted(broken)
    for needed in queue:
        for reference in sorted(needed_by.get(needed, ())):
            if reference in broken:
                continue
            broken[reference] = [_needs_broken(linking, reference, needed)]
            queue.append(reference)


def _needs_broken(linking: Linking, reference: Reference, needed: Reference) -> Diagnostic:
    linking_report: dict[Reference, list[Diagnostic]] = {}
    before, linking.found = linking.found, linking_report
    path = linking.needs[reference][needed]
    message = f"`{reference.name}` needs the {needed}, which has errors"
    linking.report(reference, "load/needs-broken", message, path)
    linking.found = before
    return linking_report[reference][0]


def _folders(snapshot: Snapshot) -> Mapping[str, tuple[str, ...]]:
    inside: dict[str, list[str]] = {}
    for path in sorted(snapshot.files):
        parts = path.split("/")[:-1]
        for length in range(1, len(parts) + 1):
            inside.setdefault("/".join(parts[:length]), []).append(path)
    return {folder: tuple(paths) for folder, paths in inside.items()}


def _trees(
    snapshot: Snapshot, linking: Linking, usable: Mapping[Reference, Document]
) -> Mapping[str, Digest]:
    wanted = {
        path
        for document in usable.values()
        if isinstance(document.model, Stack)
        for path in document.model.paths()
    }
    trees = {}
    for folder in sorted(wanted):
        lines = [
            f"{snapshot.files[path].kind} {snapshot.files[path].blob} {path[len(folder) + 1 :]}\n"
            for path in linking.folders[folder]
        ]
        digest = hashlib.sha256("".join(lines).encode()).hexdigest()
        trees[folder] = Digest(f"sha256:{digest}")
    return trees


def _in_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Sort by place; what several documents share is told once."""
    once = dict.fromkeys(diagnostics)
    return tuple(
        sorted(
            once,
            key=lambda d: (
                (d.span.path, d.span.line, d.span.column) if d.span else ("", 0, 0),
                d.code,
                d.message,
            ),
        )
    )
