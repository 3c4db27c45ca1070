"""Terraform's JSON syntax → the same blocks as `hcl` gives, nothing evaluated.

Rule: developer.hashicorp.com, "JSON Configuration Syntax". Which properties are blocks depends on
where they stand; what a provider knows as blocks are attributes here.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NoReturn

from controller.steps.load.hcl import DEEPEST, Attribute, Block, HclError, elements

_SPACE = " \t\r\n"
_COMMENT = "//"
# Type of block → the number of its labels, at the top and in a block of a type.
_TOP: Mapping[str, int] = {
    "action": 2, "check": 1, "data": 2, "ephemeral": 2, "import": 0, "locals": 0, "module": 1,
    "moved": 0, "output": 1, "provider": 1, "removed": 0, "resource": 2, "terraform": 0,
    "variable": 1,
}  # fmt: skip
_OF_RESOURCE = {"provisioner": 1, "dynamic": 1, "connection": 0, "lifecycle": 0}
_INNER: Mapping[str, Mapping[str, int]] = {
    "terraform": {"required_providers": 0, "backend": 1, "cloud": 0, "provider_meta": 1},
    "variable": {"validation": 0},
    "output": {"precondition": 0},
    "resource": _OF_RESOURCE,
    "data": _OF_RESOURCE,
    "ephemeral": _OF_RESOURCE,
    "removed": {"provisioner": 1, "lifecycle": 0},
    "check": {"data": 2, "assert": 0},
}


@dataclass(frozen=True, slots=True)
class _Node:
    """A JSON value with its place."""

    start: int
    value: "str | int | float | bool | _Object | tuple[_Node, ...] | None"


@dataclass(frozen=True, slots=True)
class _Property:
    name: str
    start: int
    node: _Node


@dataclass(frozen=True, slots=True)
class _Object:
    """The properties in their order, twice where they are."""

    properties: tuple[_Property, ...]


def read_tf_json(text: str) -> tuple[Block, tuple[tuple[int, str], ...]]:
    """Read a file as one block without a type, and give its texts with their places.

    Raises HclError.
    """
    reader = _Reader(text)
    root = reader.document()
    blocks = [
        block
        for body in _objects(root)
        for each in body
        if each.name != _COMMENT
        for block in _blocks(each, _TOP)
    ]
    return Block("", (), 0, {}, tuple(blocks)), tuple(reader.texts)


def _blocks(found: _Property, known: Mapping[str, int]) -> Iterator[Block]:
    if found.name not in known:
        raise HclError(f"`{found.name}` is no block", found.start)
    yield from _labelled(found.name, (), known[found.name], found)


def _labelled(kind: str, labels: tuple[str, ...], left: int, found: _Property) -> Iterator[Block]:
    for body in _objects(found.node):
        if not left:
            yield _body(kind, labels, found.start, body)
            continue
        for each in body:
            if each.name != _COMMENT:
                yield from _labelled(kind, (*labels, each.name), left - 1, each)


def _body(
    kind: str, labels: tuple[str, ...], start: int, properties: tuple[_Property, ...]
) -> Block:
    inner = _INNER.get(kind, {})
    attributes: dict[str, Attribute] = {}
    blocks: list[Block] = []
    for each in properties:
        if each.name == _COMMENT:
            continue
        if each.name in inner:
            blocks += _blocks(each, inner)
        elif each.name in attributes:
            raise HclError(f"`{each.name}` stands there twice", each.start)
        else:
            is_type = (kind, each.name) == ("variable", "type")
            text = _type(each.node) if is_type else _expression(each.node)
            attributes[each.name] = Attribute(each.name, text, each.start)
    return Block(kind, labels, start, attributes, tuple(blocks))


def _objects(node: _Node) -> Iterator[tuple[_Property, ...]]:
    """Give the bodies: one object, several in a list, or none for `null`."""
    match node.value:
        case None:
            return
        case _Object(properties):
            yield properties
        case tuple() as nodes:
            for each in nodes:
                yield from _objects(each)
        case _:
            raise HclError("an object was expected", node.start)


def _expression(node: _Node) -> str:
    """Write a value as the native syntax has it."""
    match node.value:
        case str() as text:
            return _template(text)
        case _Object(properties):
            inner = (f"{_quoted(each.name)} = {_expression(each.node)}" for each in properties)
            return "{" + ", ".join(inner) + "}"
        case tuple() as nodes:
            return "[" + ", ".join(map(_expression, nodes)) + "]"
        case _:
            return json.dumps(node.value)


def _type(node: _Node) -> str:
    """Give a type constraint: a text that is not a template, and says it as native syntax does."""
    if not isinstance(node.value, str):
        raise HclError("a type is a text", node.start)
    return node.value


def _template(text: str) -> str:
    """Write a text; of one that is a single template, what stands in it."""
    if text.startswith("${") and text.endswith("}"):
        inner = text[2:-1].strip()
        try:
            if len(elements(inner)) == 1:
                return inner
        except HclError:
            pass  # there is more than one
    return _quoted(text)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


class _Reader:
    """Reads JSON with the places of things, which `json` does not tell."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._decoder = json.JSONDecoder(parse_constant=self._refuse_constant)
        self.texts: list[tuple[int, str]] = []

    def document(self) -> _Node:
        node = self._node(0)
        self._skip()
        if self._at < len(self._text):
            raise HclError("something follows the end", self._at)
        if not isinstance(node.value, (_Object, tuple)):
            raise HclError("an object was expected", node.start)
        return node

    def _node(self, depth: int) -> _Node:
        if depth > DEEPEST:
            raise HclError("values are nested too deeply", self._at)
        self._skip()
        start = self._at
        match self._text[start : start + 1]:
            case "{":
                return _Node(start, _Object(self._properties(depth)))
            case "[":
                return _Node(start, self._elements(depth))
            case _:
                return _Node(start, self._scalar())

    def _properties(self, depth: int) -> tuple[_Property, ...]:
        found: list[_Property] = []
        while self._goes_on("}", is_first=not found):
            start = self._at
            name = self._scalar()
            if not isinstance(name, str):
                raise HclError("a key is a text", start)
            self._skip()
            if self._text[self._at : self._at + 1] != ":":
                raise HclError("a `:` was expected", self._at)
            self._at += 1
            found.append(_Property(name, start, self._node(depth + 1)))
        return tuple(found)

    def _elements(self, depth: int) -> tuple[_Node, ...]:
        found: list[_Node] = []
        while self._goes_on("]", is_first=not found):
            found.append(self._node(depth + 1))
        return tuple(found)

    def _goes_on(self, closer: str, *, is_first: bool) -> bool:
        """Go to the next entry, or over the end."""
        if is_first:
            self._at += 1
        self._skip()
        character = self._text[self._at : self._at + 1]
        if character == closer:
            self._at += 1
            return False
        if not is_first:
            if character != ",":
                raise HclError(f"a `,` or `{closer}` was expected", self._at)
            self._at += 1
            self._skip()
        return True

    def _scalar(self) -> str | int | float | bool | None:
        start = self._at
        try:
            value, self._at = self._decoder.raw_decode(self._text, start)
        except ValueError as error:
            raise HclError("no JSON", getattr(error, "pos", start)) from None
        if isinstance(value, str):
            if not value.isprintable() and any("\ud800" <= each <= "\udfff" for each in value):
                raise HclError("half a character", start)
            self.texts.append((start, value))
        if value is None or isinstance(value, (str, int, float)):
            return value
        raise HclError("a value was expected", start)

    def _skip(self) -> None:
        while self._at < len(self._text) and self._text[self._at] in _SPACE:
            self._at += 1

    @staticmethod
    def _refuse_constant(name: str) -> NoReturn:
        raise ValueError(name)
