"""Values as Terraform sees them in an input, as far as they are surely known.

`None`, `bool`, `int`, `Fraction`, `str` in ASCII, tuples, mappings with sorted keys, `SetOf`; and
three marks for what is not known.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from controller.steps.load.module_types import (
    AnyType,
    Collection,
    ObjectType,
    Primitive,
    Type,
)

LARGEST = 2**53
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,15})?", re.ASCII)


class Mark(Enum):
    """What stands for a value that is not known."""

    UNKNOWN = "unknown"
    """Maybe a value, maybe an error."""
    OPAQUE = "opaque"
    """Surely a value, but not known which."""
    ERROR = "error"
    """Terraform surely gives an error here."""


UNKNOWN, OPAQUE, ERROR = Mark.UNKNOWN, Mark.OPAQUE, Mark.ERROR


@dataclass(frozen=True, slots=True)
class SetOf:
    """A set of primitives of one kind, without doubles, in Terraform's order."""

    items: tuple[object, ...]


def kind_of(value: object) -> str:
    """Give the kind of a primitive; an empty text for anything else."""
    match value:
        case bool():
            return "bool"
        case int() | Fraction():
            return "number"
        case str():
            return "string"
        case _:
            return ""


def is_of_one_kind(items: Iterable[object]) -> bool:
    """Tell whether all are primitives of the same kind."""
    kinds = {kind_of(item) for item in items}
    return not kinds or (len(kinds) == 1 and "" not in kinds)


def make_set(items: Iterable[object]) -> SetOf | Mark:
    """Make a set; opaque when its items are not surely comparable."""
    found = tuple(items)
    if not is_of_one_kind(found):
        return OPAQUE
    return SetOf(tuple(sorted(set(found), key=_rank)))


def _rank(value: object) -> tuple[int | Fraction, str]:
    return (value, "") if isinstance(value, (int, Fraction)) else (0, str(value))


def to_number(value: object) -> object:
    """Convert as Terraform does: a number, an error, or unknown."""
    match value:
        case bool() | None | tuple() | SetOf() | Mapping() | Mark.ERROR:
            return ERROR
        case int() | Fraction():
            return value
        case str() if _DECIMAL.fullmatch(value):
            number = Fraction(value)
            return number.numerator if number.denominator == 1 else number
        case str() if " " in value or "/" in value or set(value) & set("gqszGQSZ:"):
            return ERROR
        case _:
            return UNKNOWN


def to_text(value: object) -> object:
    """Convert as Terraform does: a text, an error, or unknown."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() if abs(value) < LARGEST:
            return str(value)
        case None | tuple() | SetOf() | Mapping() | Mark.ERROR:
            return ERROR
        case _:
            return UNKNOWN


def to_bool(value: object) -> object:
    """Convert as Terraform does: a bool, an error, or unknown."""
    match value:
        case bool():
            return value
        case "true" | "false":
            return value == "true"
        case int() | Fraction() | None | tuple() | SetOf() | Mapping() | Mark.ERROR:
            return ERROR
        case _:
            return UNKNOWN


def as_input(value: object, wanted: Type) -> object:
    """Convert what stands in the YAML to a variable's type; opaque where that is not sure."""
    match wanted:
        case AnyType(is_read):
            return _as_it_is(value) if is_read else OPAQUE
        case Primitive(name):
            return _as_primitive(value, name)
        case Collection(name, element):
            return _as_collection(value, name, element)
        case ObjectType():
            return _as_object(value, wanted)


def _as_it_is(value: object) -> object:
    match value:
        case None | bool():
            return value
        case int() | float():
            return _as_number(value)
        case str():
            return value if value.isascii() else OPAQUE
        case tuple():
            return tuple(_as_it_is(item) for item in value)
        case Mapping() if all(isinstance(key, str) and key.isascii() for key in value):
            return {key: _as_it_is(value[key]) for key in sorted(value)}
        case _:
            return OPAQUE


def _as_number(value: float) -> object:
    if abs(value) >= LARGEST or "e" in repr(value):
        return OPAQUE
    number = Fraction(repr(value))
    return number.numerator if number.denominator == 1 else number


def _as_primitive(value: object, name: str) -> object:
    known = _as_it_is(value)
    if known is None:
        return None
    convert = {"string": to_text, "number": to_number, "bool": to_bool}[name]
    found = convert(known)
    return OPAQUE if isinstance(found, Mark) else found


def _as_collection(value: object, name: str, element: Type) -> object:
    if value is None:
        return None
    if name == "map":
        known = _as_it_is(value)
        if not isinstance(value, Mapping) or not isinstance(known, Mapping):
            return OPAQUE
        found = {key: as_input(value[key], element) for key in known}
        return found if _is_even(found.values(), element) else OPAQUE
    if not isinstance(value, tuple):
        return OPAQUE
    items = tuple(as_input(item, element) for item in value)
    if name == "set":
        return make_set(items)
    return items if _is_even(items, element) else OPAQUE


def _is_even(items: Iterable[object], element: Type) -> bool:
    """Tell whether `any` stands for the same in all items, so that none is converted."""
    return not isinstance(element, AnyType) or is_of_one_kind(items)


def _as_object(value: object, wanted: ObjectType) -> object:
    if value is None:
        return None
    if not isinstance(value, Mapping) or not wanted.required <= value.keys():
        return OPAQUE
    found: dict[str, object] = {}
    for name in sorted(wanted.attributes):
        given = value.get(name)
        is_defaulted = given is None and name in wanted.defaulted
        found[name] = OPAQUE if is_defaulted else as_input(given, wanted.attributes[name])
    return found
