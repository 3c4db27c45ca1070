"""What a step between two versions gives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

Values = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Renamed:
    """A key that has another name now; `above` leads to the mapping that it stands in."""

    above: tuple[str, ...]
    old: str
    new: str


Step = Callable[[Values], tuple[Renamed, ...]]
"""Tells what has to be renamed in a document so that it is one of the next version."""


def rename(values: Values, renamed: Renamed) -> dict[str, object]:
    """Give the document with one key renamed, in the same order."""
    return _rename(values, renamed.above, renamed)


def _rename(values: Values, above: tuple[str, ...], renamed: Renamed) -> dict[str, object]:
    if not above:
        return {renamed.new if key == renamed.old else key: kept for key, kept in values.items()}
    inner = values.get(above[0])
    if not isinstance(inner, Mapping):
        return dict(values)
    return {**values, above[0]: _rename(inner, above[1:], renamed)}
