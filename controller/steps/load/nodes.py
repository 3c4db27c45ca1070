"""A YAML document as values that know their place."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

Step = str | int
Path = tuple[Step, ...]
_REFERENCES = frozenset({"output", "secret", "path"})
Plain = str | int | float | bool | None


@dataclass(slots=True)
class Scalar:
    """One value; `start` and `end` are positions of characters in the file."""

    value: Plain
    start: int
    end: int
    size: int = 1
    depth: int = 0


@dataclass(slots=True)
class ListNode:
    """A list."""

    items: list["Node"]
    start: int
    end: int
    size: int = 1
    """Nodes in it, with aliases written out."""
    depth: int = 1


@dataclass(slots=True)
class MapNode:
    """A mapping; `keys` has the node of each key, also of keys that came with `<<`."""

    items: dict[str, "Node"]
    keys: dict[str, Scalar]
    start: int
    end: int
    size: int = 1
    depth: int = 1
    merged: set[str] = field(default_factory=set)
    """Keys that came with `<<`."""


Node = Scalar | ListNode | MapNode


def value_of(node: Node) -> object:
    """Give the value without places; lists become tuples."""
    if isinstance(node, MapNode):
        return {key: value_of(inner) for key, inner in node.items.items()}
    if isinstance(node, ListNode):
        return tuple(value_of(inner) for inner in node.items)
    return node.value


def find_node(node: Node, path: Path) -> Node | None:
    """Give the node at a path, or None."""
    for step in path:
        following = _inside(node, step)
        if following is None:
            return None
        node = following
    return node


def _inside(node: Node, step: Step) -> Node | None:
    if isinstance(node, MapNode) and isinstance(step, str):
        return node.items.get(step)
    if isinstance(node, ListNode) and isinstance(step, int) and step < len(node.items):
        return node.items[step]
    return None


def place_of(node: Node, path: Path) -> tuple[int, int]:
    """Give the place of the value at a path, or of what is nearest above it."""
    here = node
    key: Scalar | None = None
    for step in path:
        following = _inside(here, step)
        if following is None:
            break
        key = here.keys.get(step) if isinstance(here, MapNode) and isinstance(step, str) else None
        here = following
    if isinstance(here, MapNode) and len(here.items) == 1 and _REFERENCES & here.items.keys():
        here = next(iter(here.items.values()))
    if isinstance(here, Scalar) or key is None:
        return here.start, here.end
    return key.start, key.end


def place_of_key(node: Node, path: Path) -> tuple[int, int]:
    """Give the place of the key that a path ends in, or of what is nearest above it."""
    if not path:
        return node.start, node.end
    above = find_node(node, path[:-1])
    last = path[-1]
    if isinstance(above, MapNode) and isinstance(last, str) and last in above.keys:
        found = above.keys[last]
        return found.start, found.end
    return place_of(node, path)


def rename_key(node: Node | None, above: Path, old: str, new: str) -> None:
    """Give a key of a mapping another name; it stays where it is, and in its order."""
    found = find_node(node, above) if node is not None else None
    if isinstance(found, MapNode):
        found.items = {new if key == old else key: kept for key, kept in found.items.items()}
        found.keys = {new if key == old else key: kept for key, kept in found.keys.items()}


def scalars_in(node: Node, path: Path = ()) -> Iterator[tuple[Path, Scalar]]:
    """Give every value of a document with its path."""
    if isinstance(node, MapNode):
        for key, inner in node.items.items():
            yield from scalars_in(inner, (*path, key))
    elif isinstance(node, ListNode):
        for index, inner in enumerate(node.items):
            yield from scalars_in(inner, (*path, index))
    else:
        yield path, node


def write_path(path: Path) -> str:
    """Write a path as people do: `spec.stages[0].gates`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text


_CORE: Mapping[str, Plain] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_INTEGER = re.compile(r"[-+]?[0-9]+")
_OTHER_INTEGER = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_LONGEST_NUMBER = 300


def resolve(text: str) -> Plain:
    """Read a plain scalar by the core schema of YAML 1.2: `no` is a string, `017` is seventeen."""
    if text in _CORE:
        return _CORE[text]
    if text[0] not in "0123456789+-." or len(text) > _LONGEST_NUMBER:
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if _OTHER_INTEGER.fullmatch(text):
        return int(text, 0)
    return float(text) if _FLOAT.fullmatch(text) else text
