"""Terraform's type constraints: does a value of the YAML fit? Only sure misfits are told."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from controller.steps.load.hcl import HclError, object_entries
from controller.steps.load.nodes import Path
from schemas.references import FromOutput, FromPath, FromSecret

_NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?", re.ASCII)
_BOOLS = frozenset({"true", "false", "1", "0"})
"""Texts that Terraform takes for `bool`."""
_CALL = re.compile(r"(list|set|map|tuple|object|optional)\s*\((.*)\)", re.DOTALL)
_PRIMITIVES = frozenset({"string", "number", "bool"})
_WORDS = {"string": "a string", "number": "a number", "bool": "`true` or `false`"}
DEEPEST = 24


@dataclass(frozen=True, slots=True)
class Misfit:
    """What does not fit, where in the value, and what was expected there."""

    path: Path
    found: str
    expected: str


@dataclass(frozen=True, slots=True)
class AnyType:
    """Anything: also what we cannot read, which only fits anything for all we know."""

    is_read: bool = False


@dataclass(frozen=True, slots=True)
class Primitive:
    """`string`, `number` or `bool`."""

    name: str


@dataclass(frozen=True, slots=True)
class Collection:
    """`list`, `set` or `map` of one type."""

    name: str
    element: "Type"


@dataclass(frozen=True, slots=True)
class ObjectType:
    """Attributes, each with its type; `required` must be there, `defaulted` are filled in."""

    attributes: Mapping[str, "Type"]
    required: frozenset[str]
    defaulted: frozenset[str] = frozenset()


Type = AnyType | Primitive | Collection | ObjectType


def read_type(text: str, depth: int = 0) -> Type:
    """Read a type constraint; what we cannot read is anything."""
    text = text.strip()
    if text in _PRIMITIVES:
        return Primitive(text)
    if text == "any":
        return AnyType(is_read=True)
    match = _CALL.fullmatch(text)
    if match is None or depth > DEEPEST:
        return AnyType()
    name, inner = match[1], match[2].strip()
    if name in {"list", "set", "map"}:
        return Collection(name, read_type(inner, depth + 1))
    if name == "object":
        return _read_object(inner, depth)
    return AnyType()


def _read_object(text: str, depth: int) -> Type:
    try:
        entries = object_entries(text)
    except HclError:
        return AnyType()
    attributes: dict[str, Type] = {}
    required = set()
    defaulted = set()
    for name, inner in entries.items():
        optional = re.fullmatch(r"optional\s*\((.*)\)", inner, re.DOTALL)
        wanted = _first_argument(optional[1]) if optional else inner
        attributes[name] = read_type(wanted, depth + 1)
        if optional is None:
            required.add(name)
        elif optional[1].strip() != wanted.strip():
            defaulted.add(name)
    return ObjectType(attributes, frozenset(required), frozenset(defaulted))


def _first_argument(text: str) -> str:
    depth = 0
    for index, character in enumerate(text):
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif character == "," and depth == 0:
            return text[:index]
    return text


def misfits(value: object, wanted: Type, path: Path = ()) -> Iterator[Misfit]:
    """Give what surely does not fit; Terraform converts between primitives, so do we."""
    if value is None or isinstance(value, FromOutput):
        return
    match wanted:
        case AnyType():
            return
        case Primitive(name):
            if not _fits_primitive(value, name):
                yield Misfit(path, _describe(value), _WORDS[name])
        case Collection():
            yield from _collection_misfits(value, wanted, path)
        case ObjectType():
            yield from _object_misfits(value, wanted, path)


def _collection_misfits(value: object, wanted: Collection, path: Path) -> Iterator[Misfit]:
    entries: Iterable[tuple[str | int, object]]
    if wanted.name == "map":
        if not isinstance(value, Mapping):
            yield Misfit(path, _describe(value), "a mapping")
            return
        entries = value.items()
    else:
        if not isinstance(value, tuple):
            yield Misfit(path, _describe(value), "a list")
            return
        entries = enumerate(value)
    for key, inner in entries:
        yield from misfits(inner, wanted.element, (*path, key))


def _object_misfits(value: object, wanted: ObjectType, path: Path) -> Iterator[Misfit]:
    if not isinstance(value, Mapping):
        yield Misfit(path, _describe(value), "a mapping")
        return
    for name in sorted(wanted.required - value.keys()):
        yield Misfit(path, f"without `{name}`", f"a mapping with the key `{name}`")
    for name, inner in value.items():
        if name not in wanted.attributes:
            known = ", ".join(f"`{known}`" for known in sorted(wanted.attributes))
            yield Misfit((*path, name), "a key that is not known", f"one of {known}")
            continue
        yield from misfits(inner, wanted.attributes[name], (*path, name))


def _fits_primitive(value: object, name: str) -> bool:
    if isinstance(value, (FromSecret, FromPath)):
        return name == "string"
    if isinstance(value, (Mapping, tuple)):
        return False
    match name:
        case "number":
            is_text = isinstance(value, str) and _NUMBER.fullmatch(value) is not None
            return is_text or (isinstance(value, (int, float)) and not isinstance(value, bool))
        case "bool":
            return isinstance(value, bool) or (isinstance(value, str) and value in _BOOLS)
        case _:
            return True


def _describe(value: object) -> str:
    match value:
        case bool():
            return "`true`" if value else "`false`"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case tuple():
            return "a list"
        case FromSecret() | FromPath():
            return "a reference that gives a string"
        case _:
            return "a mapping"
