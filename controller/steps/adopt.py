"""Drift → the inputs to set, so that what is there is what is wanted; several ways may be tried."""

import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from controller.model.adoption import InputEdit
from controller.model.drift import address_inside
from controller.model.plan import AttributeChange, DriftKind, ResourceChange
from schemas.references import FromOutput, FromPath, FromSecret

MOST_WAYS = 8
"""So many ways are tried: each costs a plan."""
InputAt = tuple[str | int, ...]
Trace = Callable[[str, str], Sequence[InputAt]]
"""Tells of an address and an attribute which input, or part of one, may give it its value."""


@dataclass(frozen=True, slots=True)
class Unadoptable:
    """Something that no edit of a document takes over, and why."""

    what: str
    why: str

    def __str__(self) -> str:
        return f"{self.what}: {self.why}"


def ways_to_adopt(
    changes: Iterable[ResourceChange],
    inputs: Mapping[str, object],
    variables: Iterable[str],
    trace: Trace,
) -> tuple[tuple[tuple[InputEdit, ...], ...], tuple[Unadoptable, ...]]:
    """Give the edits to try, the likeliest first, and what cannot be adopted at all.

    The values of the changes are JSON, whole. `inputs` are those that hold, with their references.
    """
    known = frozenset(variables)
    choices: list[list[InputEdit]] = []
    refused: list[Unadoptable] = []
    for change in changes:
        if change.drift == DriftKind.UNMANAGED:
            continue
        if reason := _no_edit(change):
            refused.append(Unadoptable(change.address, reason))
            continue
        for attribute in change.attributes:
            found = list(_edits(change, attribute, inputs, known, trace))
            if found:
                choices.append(found)
            else:
                refused.append(Unadoptable(_named(change, attribute), _why(attribute)))
    ways = itertools.islice(itertools.product(*choices), MOST_WAYS)
    return tuple(_once(way) for way in ways if way), tuple(refused)


def _once(edits: Iterable[InputEdit]) -> tuple[InputEdit, ...]:
    found: list[InputEdit] = []
    found.extend(edit for edit in edits if edit not in found)
    return tuple(found)


def _no_edit(change: ResourceChange) -> str:
    if change.drift == DriftKind.DELETED:
        return "it is gone, and a document only says of whole stacks that they should not be there"
    if change.drift == DriftKind.STOPPED:
        return "it does not run; no document says that it should not"
    return ""


def _named(change: ResourceChange, attribute: AttributeChange) -> str:
    return f"{change.address} {attribute.path}"


def _why(attribute: AttributeChange) -> str:
    if attribute.sensitive:
        return "it is sensitive, and is not written into a document"
    return "no input of the module was found that gives it its value"


def _edits(
    change: ResourceChange,
    attribute: AttributeChange,
    inputs: Mapping[str, object],
    variables: frozenset[str],
    trace: Trace,
) -> Iterator[InputEdit]:
    """Give the edits that may adopt one attribute: the module's text first, then guesses."""
    if attribute.sensitive:
        return
    before, after = (_read(side) for side in (attribute.before, attribute.after))
    guesses = list(trace(address_inside(change.address), attribute.path))
    if not guesses and before is not None:
        guesses = [at for at, value in _values(inputs) if _is_same(value, before)]
    for at in dict.fromkeys(guesses):
        if str(at[0]) in variables and not _is_reference(inputs, at):
            yield InputEdit(at, after, is_gone=attribute.after is None)


def _read(side: str | None) -> object:
    return None if side is None else json.loads(side)


def _is_same(one: object, other: object) -> bool:
    return type(one) is type(other) and one == other and not isinstance(one, bool)


def _values(value: object, at: InputAt = ()) -> Iterator[tuple[InputAt, object]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _values(inner, (*at, str(key)))
    elif isinstance(value, tuple):
        for number, inner in enumerate(value):
            yield from _values(inner, (*at, number))
    elif not isinstance(value, (FromOutput, FromSecret, FromPath)):
        yield at, value


def _is_reference(inputs: Mapping[str, object], at: InputAt) -> bool:
    value: object = inputs
    for step in at:
        if isinstance(value, (FromOutput, FromSecret, FromPath)):
            return True
        if isinstance(value, Mapping) and step in value:
            value = value[str(step)]
        elif isinstance(value, tuple) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return False
    return isinstance(value, (FromOutput, FromSecret, FromPath))
