"""Set values in the text of a document: comments and layout stay, byte for byte.

After each edit the text is read again; when it does not say exactly what it said before but for
the one value, as with an anchor that is used twice, the edit is refused.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final

from controller.model.catalog import Reference
from controller.steps.load.documents import parse_file
from controller.steps.load.nodes import (
    ListNode,
    MapNode,
    Node,
    Path,
    Scalar,
    find_node,
    resolve,
    value_of,
    write_path,
)

GONE: Final = object()
"""Stands for a value that is to be taken away."""
_PLAIN = re.compile(r"[A-Za-z_/.][\w./@+=-]*(?: [\w./@+=-]+)*")
_KEY = re.compile(r"[A-Za-z_][\w.-]*")
_BOM = b"\xef\xbb\xbf"


class SpliceError(ValueError):
    """The text cannot be edited safely; says where."""


def spliced(
    path: str, content: bytes, reference: Reference, edits: Sequence[tuple[Path, object]]
) -> bytes:
    """Give a file with values of one of its documents set. Raises SpliceError."""
    mark = _BOM if content.startswith(_BOM) else b""
    text = content.removeprefix(_BOM).decode()
    for where, value in edits:
        before = _values(path, text)
        root = _root(path, text, reference)
        edited = _put(text, root, where, value)
        wanted = {**before, reference: _changed(before[reference], where, value)}
        if _values(path, edited) != wanted:
            raise SpliceError(
                f"`{write_path(where)}` in `{path}` cannot be set without changing more"
            )
        text = edited
    return mark + text.encode()


def _root(path: str, text: str, reference: Reference) -> Node:
    found = next((p for p in parse_file(path, text.encode()) if p.reference == reference), None)
    if found is None or found.root is None or found.renamed:
        raise SpliceError(f"`{path}` is written for an older version; `trueup migrate` it first")
    return found.root


def _values(path: str, text: str) -> dict[Reference | None, object]:
    """Give what a file says, document by document."""
    return {
        parsed.reference: value_of(parsed.root) if parsed.root is not None else None
        for parsed in parse_file(path, text.encode())
    }


def _changed(value: object, where: Path, new: object) -> object:
    """Give a value with one place in it set."""
    if not where:
        return _frozen(new)
    step, rest = where[0], where[1:]
    if isinstance(step, int):
        items = list(value) if isinstance(value, tuple) else []
        items[step : step + 1] = (
            [] if new is GONE and not rest
            else [_changed(items[step] if step < len(items) else None, rest, new)]
        )  # fmt: skip
        return tuple(items)
    entries = dict(value) if isinstance(value, Mapping) else {}
    if new is GONE and not rest:
        entries.pop(step, None)
    else:
        entries[step] = _changed(entries.get(step), rest, new)
    return entries


def _frozen(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _frozen(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return tuple(_frozen(inner) for inner in value)
    return value


def _put(text: str, root: Node, where: Path, value: object) -> str:
    node = find_node(root, where)
    if value is GONE:
        return _take_away(text, find_node(root, where[:-1]), where, node)
    above = find_node(root, where[:-1])
    if node is not None and node.start == node.end and isinstance(above, MapNode):
        colon = text.index(":", above.keys[str(where[-1])].end) + 1  # `key:` and nothing after it
        return f"{text[:colon]} {write(value)}{text[colon:]}"
    if node is not None:
        return _replace(text, node, where, value)
    if above is None or (isinstance(above, Scalar) and above.value is None):
        step = where[-1]
        if isinstance(step, int) or len(where) == 1:
            raise SpliceError(f"`{write_path(where)}` has no place to stand")
        return _put(text, root, where[:-1], {step: value})
    if isinstance(above, MapNode) and isinstance(where[-1], str):
        return _add(text, above, f"{_key(where[-1])}: {write(value)}", where)
    if isinstance(above, ListNode) and where[-1] == len(above.items):
        return _append(text, above, write(value), where)
    raise SpliceError(f"`{write_path(where)}` has no place to stand")


def _replace(text: str, node: Node, where: Path, value: object) -> str:
    if not isinstance(node, Scalar) and text[node.start : node.start + 1] not in {"{", "["}:
        raise SpliceError(f"`{write_path(where)}` spans several lines; set it by hand")
    old = text[node.start : node.end]
    if old[:1] in {"|", ">"}:
        raise SpliceError(f"`{write_path(where)}` is a text of several lines; set it by hand")
    return text[: node.start] + write(value, like=old) + text[node.end :]


def _is_flow(text: str, node: Node) -> bool:
    return text[node.start : node.start + 1] in {"{", "["}


def _end(node: Node) -> int:
    """Give where the last value in a node ends: a block itself ends where the next one begins."""
    if isinstance(node, MapNode) and node.items:
        return max(_end(inner) for inner in node.items.values())
    if isinstance(node, ListNode) and node.items:
        return max(_end(inner) for inner in node.items)
    return node.end


def _add(text: str, above: MapNode, entry: str, where: Path) -> str:
    if _is_flow(text, above):
        return _into_brackets(text, above, entry, is_empty=not above.items)
    if not above.keys:
        raise SpliceError(f"`{write_path(where)}` has no place to stand")
    first = min(key.start for key in above.keys.values())
    return _below(text, _last_end(text, above), _column(text, first), entry)


def _append(text: str, above: ListNode, entry: str, where: Path) -> str:
    if _is_flow(text, above):
        return _into_brackets(text, above, entry, is_empty=not above.items)
    if not above.items:
        raise SpliceError(f"`{write_path(where)}` has no place to stand")
    line = text.rfind("\n", 0, above.items[-1].start) + 1
    dash = text.find("-", line, above.items[-1].start)
    if dash < 0 or text[line:dash].strip():
        raise SpliceError(f"`{write_path(where)}` has no place to stand")
    return _below(text, _last_end(text, above), dash - line, f"- {entry}")


def _into_brackets(text: str, node: Node, entry: str, *, is_empty: bool) -> str:
    end = node.end - 1
    inside = text[:end].rstrip()
    between = "" if is_empty or inside.endswith(",") else ","
    between += "" if is_empty else " "
    return inside + between + entry + text[len(inside) :]


def _last_end(text: str, node: Node) -> int:
    end = _end(node)
    while end > 0 and text[end - 1] in "\r\n":
        end -= 1
    return end


def _column(text: str, index: int) -> int:
    return index - (text.rfind("\n", 0, index) + 1)


def _below(text: str, end: int, column: int, entry: str) -> str:
    """Write an entry into a line of its own, below the one that ends at `end` or after it."""
    line_end = text.find("\n", end)
    line_end = len(text) if line_end < 0 else line_end
    newline = "\r\n" if text[line_end - 1 : line_end] == "\r" else "\n"
    cut = line_end - 1 if newline == "\r\n" else line_end
    return f"{text[:cut]}{newline}{' ' * column}{entry}{text[cut:]}"


def _take_away(text: str, above: Node | None, where: Path, node: Node | None) -> str:
    step = where[-1]
    if node is None or above is None or (isinstance(above, MapNode) and step in above.merged):
        raise SpliceError(f"`{write_path(where)}` does not stand there")
    start = (
        above.keys[step].start
        if isinstance(above, MapNode) and isinstance(step, str)
        else node.start
    )
    if _is_flow(text, above):
        after = re.compile(r"\s*,\s*").match(text, node.end)
        if after is not None:
            return text[:start] + text[after.end() :]
        before = text[:start].rstrip()
        return before.removesuffix(",").rstrip() + text[node.end :]
    line = text.rfind("\n", 0, start) + 1
    if not isinstance(above, MapNode) or text[line:start].strip() or len(above.items) == 1:
        raise SpliceError(f"`{write_path(where)}` cannot be taken away without changing more")
    end = text.find("\n", _last_end(text, node))
    return text[:line] + ("" if end < 0 else text[end + 1 :])


def write(value: object, *, like: str = "") -> str:
    """Write a value in one line of YAML; a text is quoted as the one before it, `like`, was."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(str(k))}: {write(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(write(each) for each in value) + "]"
    if not isinstance(value, str):
        return json.dumps(value)
    if like.startswith("'") and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    is_plain = _PLAIN.fullmatch(value) is not None and resolve(value) == value
    if like.startswith('"') or not is_plain:
        return json.dumps(value, ensure_ascii=not value.isprintable())
    return value


def _key(key: str) -> str:
    is_plain = _KEY.fullmatch(key) is not None and resolve(key) == key
    return key if is_plain else json.dumps(key, ensure_ascii=not key.isprintable())
