"""Circles among stacks and secrets, written out with every edge and its place."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from controller.model.catalog import Reference
from controller.steps.load.documents import Parsed
from controller.steps.load.linking import Linking, environments_of
from controller.steps.load.nodes import Path
from controller.steps.load.recent import Recent
from schemas.kinds.secret import Secret
from schemas.kinds.stack import Stack
from schemas.references import FromOutput, FromSecret, references_in


@dataclass(frozen=True, slots=True)
class Edge:
    """One document needs another before it can be applied, for what stands at `path`."""

    source: Reference
    target: Reference
    path: Path
    words: str


LONGEST_SHOWN = 60
"""A circle with more edges is shown by its beginning and its end."""

SPARE = 100
"""So many products of earlier commits are remembered besides twice those of this one."""

Edges = Mapping[Reference, tuple[Edge, ...]]


def report_cycles(linking: Linking, acyclic: Recent[tuple[Parsed | None, ...], bool]) -> None:
    """Report each circle once; all documents in it are broken.

    `acyclic` has the documents of products that had no circle when they were looked at.
    """
    members_of: dict[str, list[Reference]] = {}
    for reference in linking.documents:
        if reference.kind in {"Stack", "Secret"}:
            members_of.setdefault(reference.product, []).append(reference)
    acyclic.bound(2 * len(members_of) + SPARE)
    for product in sorted(members_of):
        members = members_of[product]
        around = linking.documents.get(Reference("Product", "", product))
        key = (around, *(linking.documents[reference] for reference in members))
        if acyclic.find(key) is None and not _report_product(linking, product, members):
            acyclic.keep(key, value=True)


def _report_product(linking: Linking, product: str, among: Sequence[Reference]) -> bool:
    """Report the circles of a product; tell whether there are any."""
    reported: set[frozenset[Reference]] = set()
    for environment in environments_of(linking, product) or ():
        edges = _edges(linking, among, environment)
        for circle in find_cycles(edges):
            members = frozenset(edge.source for edge in circle)
            if members not in reported:
                reported.add(members)
                _report(linking, circle)
    return bool(reported)


def _report(linking: Linking, circle: tuple[Edge, ...]) -> None:
    names = [edge.source.name for edge in circle]
    shown = [f"`{name}`" for name in (*names, names[0])]
    edges = circle
    if len(circle) > LONGEST_SHOWN:
        half = LONGEST_SHOWN // 2
        left_out = len(circle) - 2 * half
        shown = [*shown[:half], f"{left_out} more", *shown[-half:]]
        edges = (*circle[:half], *circle[-half:])
    chain = " → ".join(shown)
    notes = [
        note
        for edge in edges
        for note in linking.related(
            edge.source, f"`{edge.source.name}` {edge.words} `{edge.target.name}` here", edge.path
        )
    ]
    first = circle[0]
    linking.report(
        first.source,
        "load/cycle",
        f"these need each other in a circle: {chain}",
        first.path,
        hint="take one of these references away",
        related=tuple(notes),
    )
    for edge in circle[1:]:
        linking.found.setdefault(edge.source, []).append(linking.found[first.source][-1])


def _edges(linking: Linking, among: Sequence[Reference], environment: str) -> Edges:
    edges: dict[Reference, tuple[Edge, ...]] = {}
    for reference in among:
        parsed = linking.documents[reference]
        if isinstance(parsed.model, Stack):
            found = _stack_edges(reference, parsed.model, environment)
        elif isinstance(parsed.model, Secret):
            found = _secret_edges(reference, parsed.model)
        else:
            continue
        edges[reference] = tuple(edge for edge in found if edge.target in linking.documents)
    return edges


def _stack_edges(reference: Reference, model: Stack, environment: str) -> Iterator[Edge]:
    product = reference.product
    for index, name in enumerate(model.spec.depends_on):
        target = Reference("Stack", product, name)
        yield Edge(reference, target, ("spec", "dependsOn", index), "depends on")
    own = model.spec.environments.get(environment)
    for below, found in references_in(model.inputs_in(environment)):
        is_own = own is not None and _is_there(own.inputs, below)
        above = ("environments", environment, "inputs") if is_own else ("inputs",)
        path: Path = ("spec", *above, *below)
        if isinstance(found, FromOutput):
            target = Reference("Stack", product, found.stack)
            yield Edge(reference, target, path, f"reads the output `{found.output}` of")
        elif isinstance(found, FromSecret):
            target = Reference("Secret", product, found.secret)
            yield Edge(reference, target, path, "reads the secret")


def _is_there(value: Any, path: Path) -> bool:
    for step in path:
        is_entry = isinstance(value, tuple) and isinstance(step, int) and step < len(value)
        if not is_entry and not (isinstance(value, Mapping) and step in value):
            return False
        value = value[step]
    return True


def _secret_edges(reference: Reference, model: Secret) -> Iterator[Edge]:
    for path, found in model.spec.generate.outputs() if model.spec.generate else ():
        target = Reference("Stack", reference.product, found.stack)
        words = f"is made from the output `{found.output}` of"
        yield Edge(reference, target, ("spec", "generate", *path), words)


def find_cycles(edges: Edges) -> Iterator[tuple[Edge, ...]]:
    """Give one shortest circle for each knot of documents that need each other."""
    left = _in_knots(edges)
    for start in sorted(left):
        if start not in left:
            continue
        circle = _shortest(start, edges, left)
        if circle:
            yield circle
            left -= {edge.source for edge in circle}


def _in_knots(edges: Edges) -> set[Reference]:
    """Take away, again and again, whoever needs nobody that is left."""
    left = set(edges)
    needed_by: dict[Reference, set[Reference]] = {}
    open_edges = {}
    for reference, own in edges.items():
        targets = {edge.target for edge in own if edge.target in edges}
        open_edges[reference] = len(targets)
        for target in targets:
            needed_by.setdefault(target, set()).add(reference)
    free = [reference for reference, number in open_edges.items() if number == 0]
    while free:
        reference = free.pop()
        left.discard(reference)
        for above in needed_by.get(reference, ()):
            open_edges[above] -= 1
            if open_edges[above] == 0:
                free.append(above)
    return left


def _shortest(start: Reference, edges: Edges, among: set[Reference]) -> tuple[Edge, ...]:
    came_by: dict[Reference, Edge] = {}
    queue = [start]
    for here in queue:
        for edge in edges.get(here, ()):
            if edge.target == start:
                return _way_to(here, came_by, edge)
            if edge.target in among and edge.target not in came_by:
                came_by[edge.target] = edge
                queue.append(edge.target)
    return ()


def _way_to(here: Reference, came_by: Mapping[Reference, Edge], last: Edge) -> tuple[Edge, ...]:
    way = [last]
    while here in came_by:
        way.append(came_by[here])
        here = came_by[here].source
    return tuple(reversed(way))
