"""Snapshot → catalog."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from controller.diagnostics.diagnostic import Diagnostic, Related, Severity
from controller.model.catalog import UNREADABLE, Catalog, Reference
from controller.model.names import Digest
from controller.model.snapshot import Snapshot, SnapshotFile
from controller.ports.policy_engine import PolicyChecker
from controller.steps.load.allowed import Told, told_by
from controller.steps.load.documents import Parsed, parse_file
from controller.steps.load.files import skipped_files, sort_files
from controller.steps.load.link import Groups, LinkedBefore, Outside, link
from controller.steps.load.linking import Linking
from controller.steps.load.recent import Recent
from controller.steps.load.tree import Tree


class ParsedFiles:
    """What earlier loads have read, so that a push costs what it changed.

    What two commits hold is kept, and some more, and not all that months of edits leave behind.
    """

    def __init__(self, spare: int = 1_000) -> None:
        self._spare = spare
        self.documents: Recent[tuple[str, str], tuple[Parsed, ...]] = Recent(spare)
        self.linked = LinkedBefore(spare)

    def expect_files(self, number: int) -> None:
        """Have room for a commit with so many files of documents."""
        self.documents.bound(2 * number + self._spare)

    def expect_documents(self, number: int) -> None:
        """Have room for a commit with so many documents."""
        self.linked.bound(2 * number + self._spare)


def load(
    snapshot: Snapshot,
    shipped: Mapping[str, bytes],
    parsed_files: ParsedFiles | None = None,
    *,
    today: date | None = None,
    policies: PolicyChecker | None = None,
) -> Catalog:
    """Read, check and link all documents of a commit. Raises nothing for what is wrong with them.

    Every fault of the commit is in `diagnostics`, in the order of files and lines. A broken
    document takes out only what needs it; `broken` names those with the reasons. A document that
    cannot even be named stands there as `Reference("File", "", path)`. An Exception holds until
    its day is over; without `today`, as for a commit of long ago, it always does. Policies in Rego
    are read by `policies`; without it they are only looked for.
    """
    kept = parsed_files or ParsedFiles()
    tree = Tree(snapshot)
    files, diagnostics = sort_files(tree)
    diagnostics.extend(skipped_files(snapshot))
    broken: dict[Reference, list[Diagnostic]] = {}
    for found in diagnostics:
        if found.severity == "error" and found.span:
            broken[Reference(UNREADABLE, "", found.span.path)] = [found]
    kept.expect_files(len(files))
    parsed = list(_parse(snapshot, files, kept))
    kept.expect_documents(len(parsed))
    told = told_by(parsed, today)
    for each in parsed:
        diagnostics.extend(told(each))
    documents, sketches = _sort_out(parsed, told, broken, diagnostics)
    groups = Groups(documents, sketches, frozenset(broken))
    linking = link(snapshot, tree, shipped, kept.linked, groups, Outside(today, policies))
    for reference, found_there in linking.found.items():
        _break(broken, reference, found_there)
        diagnostics.extend(found_there)
    _spread(linking, broken)
    usable = {
        reference: document
        for reference, each in documents.items()
        if reference not in broken and (document := each.document) is not None
    }
    return Catalog(
        revision=snapshot.revision,
        documents=usable,
        modules=linking.modules,
        trees=_trees(tree, documents, usable),
        broken={reference: tuple(broken[reference]) for reference in sorted(broken)},
        diagnostics=_in_order(diagnostics),
    )


def _parse(
    snapshot: Snapshot, files: Iterable[SnapshotFile], kept: ParsedFiles
) -> Iterator[Parsed]:
    for file in files:
        key = (file.path, file.blob)
        found = kept.documents.find(key)
        if found is None:
            found = parse_file(file.path, snapshot.read(file.path))
            kept.documents.keep(key, found)
        yield from found


def _sort_out(
    parsed: Iterable[Parsed],
    told: Told,
    broken: dict[Reference, list[Diagnostic]],
    diagnostics: list[Diagnostic],
) -> tuple[dict[Reference, Parsed], dict[Reference, Parsed]]:
    """Give the documents that have the shape of their kind, and those that nearly have it.

    Both are in order. Notes which are broken already.
    """
    first: dict[Reference, Parsed] = {}
    readable: dict[Reference, Parsed] = {}
    sketches: dict[Reference, Parsed] = {}
    for each in parsed:
        reference = each.reference or Reference(UNREADABLE, "", each.sheet.path)
        _break(broken, reference, told(each))
        if each.reference is None:
            continue
        if reference in first:
            again = _duplicate(first[reference], each, reference)
            broken.setdefault(reference, []).append(again)
            diagnostics.append(again)
        elif each.model is not None:
            readable[reference] = each
        elif each.sketch is not None:
            sketches[reference] = each
        first.setdefault(reference, each)
    return dict(sorted(readable.items())), dict(sorted(sketches.items()))


def _break(
    broken: dict[Reference, list[Diagnostic]], reference: Reference, found: Iterable[Diagnostic]
) -> None:
    errors = [each for each in found if each.severity == Severity.ERROR]
    if errors:
        broken.setdefault(reference, []).extend(errors)


def _duplicate(first: Parsed, second: Parsed, reference: Reference) -> Diagnostic:
    return second.sheet.find(
        "load/duplicate-document",
        f"there is a second {reference}",
        second.place,
        hint="rename one of them, or take it away",
        related=(Related("the first stands here", first.sheet.span(*first.place)),),
    )


def _spread(linking: Linking, broken: dict[Reference, list[Diagnostic]]) -> None:
    """Break whatever needs what is broken."""
    if not broken:
        return
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


def _trees(
    tree: Tree, documents: Mapping[Reference, Parsed], usable: Iterable[Reference]
) -> Mapping[str, Digest]:
    wanted = {path for reference in usable for path in documents[reference].folders}
    trees = {}
    for folder in sorted(wanted):
        lines = [
            f"{file.kind} {file.blob} {file.path[len(folder) + 1 :]}\n"
            for file in tree.files_below(folder)
        ]
        digest = hashlib.sha256("".join(lines).encode()).hexdigest()
        trees[folder] = Digest(f"sha256:{digest}")
    return trees


def _in_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Sort by place; what several documents share is told once."""
    one_each = {id(found): found for found in diagnostics}  # equal ones may be long to compare
    once = dict.fromkeys(one_each.values())
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
