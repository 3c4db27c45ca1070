"""Documents → linking: every document against the others, but none again that cannot differ."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import date

from controller.model.catalog import Reference
from controller.model.snapshot import Snapshot
from controller.ports.policy_engine import PolicyChecker
from controller.steps.load.cycles import report_cycles
from controller.steps.load.documents import Parsed
from controller.steps.load.link_kinds import LINKERS
from controller.steps.load.link_stacks import link_stack
from controller.steps.load.linking import Linking
from controller.steps.load.looks import Linked, Looks
from controller.steps.load.recent import Recent
from controller.steps.load.shelf import ReadModule, Shelf
from controller.steps.load.tree import Tree
from schemas.document import Document as DocumentModel
from schemas.kinds.stack import Stack

_DATED = frozenset({"Exception"})
"""Kinds of which more may be said on another day; so may of a stack that lets drift be."""


class LinkedBefore:
    """What earlier loads have linked without a fault."""

    def __init__(self, most: int) -> None:
        self.modules: Recent[Hashable, ReadModule] = Recent(1_000)
        self._most = most
        self._shipped: Mapping[str, bytes] = {}
        self._documents: Recent[Parsed, Linked] = Recent(most)
        self.acyclic: Recent[tuple[Parsed | None, ...], bool] = Recent(most)

    def bound(self, most: int) -> None:
        """Keep so many documents at most from now on."""
        self._most = most
        self._documents.bound(most)

    def of(self, shipped: Mapping[str, bytes]) -> Recent[Parsed, Linked]:
        """Give what was linked beside the same shipped files."""
        if shipped != self._shipped:
            self._shipped = dict(shipped)
            self._documents = Recent(self._most)
        return self._documents


@dataclass(frozen=True, slots=True)
class Groups:
    """The documents of a commit: in shape; nearly in shape, to be linked but never looked at."""

    documents: Mapping[Reference, Parsed]
    sketches: Mapping[Reference, Parsed]
    broken: frozenset[Reference]


@dataclass(frozen=True, slots=True)
class Outside:
    """What linking is told that is in no commit."""

    today: date | None = None
    policies: PolicyChecker | None = None


def link(
    snapshot: Snapshot,
    tree: Tree,
    shipped: Mapping[str, bytes],
    before: LinkedBefore,
    groups: Groups,
    outside: Outside,
) -> Linking:
    """Link all documents."""
    documents, sketches = groups.documents, groups.sketches
    wanted = {
        model.spec.module
        for each in (*documents.values(), *sketches.values())
        if isinstance(model := each.model or each.sketch, Stack)
    }
    shelf = Shelf(snapshot, tree, shipped, before.modules)
    modules, refused = shelf.read(sorted(wanted))
    linking = Linking(
        documents=documents,
        sketches=sketches,
        known=groups.broken.union(documents),
        modules=modules,
        refused_modules=refused,
        module_names=shelf.names,
        tree=tree,
        shipped=shipped,
        read=snapshot.read,
        policies=outside.policies,
        today=outside.today,
    )
    linked_before = before.of(shipped)
    for reference, parsed in documents.items():
        linked = linked_before.find(parsed)
        if linked is not None and _still_holds(linked.looks, linking):
            if linked.needs:
                linking.needs[reference] = dict(linked.needs)
            continue
        linking.looks = Looks()
        _link_one(linking, reference, parsed.model)
        if reference not in linking.found and not _is_dated(reference, parsed.model):
            linked_before.keep(parsed, Linked(linking.needs.get(reference, {}), linking.looks))
    for reference, parsed in sketches.items():
        _link_one(linking, reference, parsed.sketch)
    report_cycles(linking, before.acyclic)
    return linking


def _is_dated(reference: Reference, model: DocumentModel | None) -> bool:
    if isinstance(model, Stack):
        return bool(model.spec.drift.ignore)
    return reference.kind in _DATED


def _still_holds(looks: Looks, linking: Linking) -> bool:
    """Tell whether everything that was looked at is as it was."""
    documents, modules, files = linking.documents, linking.modules, linking.tree.files
    if not looks.known <= linking.known:
        return False
    for reference, parsed in looks.documents.items():
        if documents.get(reference) is not parsed:
            return False
    for path, module in looks.modules.items():
        if modules.get(path) is not module:
            return False
    for path, file in looks.files.items():
        if files.get(path) != file:
            return False
    return all(linking.tree.files_below(path) == kept for path, kept in looks.folders.items())


def _link_one(linking: Linking, reference: Reference, model: DocumentModel | None) -> None:
    if reference.product:
        linking.need(reference, "Product", reference.product, ("metadata", "product"))
    if isinstance(model, Stack):
        link_stack(linking, reference, model)
    else:
        LINKERS[reference.kind](linking, reference, model)
