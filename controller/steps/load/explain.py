"""pydantic's errors → diagnostics in our words, at the place where they must be mended."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from controller.diagnostics.diagnostic import Diagnostic
from controller.steps.load.nodes import (
    ListNode,
    MapNode,
    Node,
    Path,
    Scalar,
    find_node,
    place_of,
    place_of_key,
    write_path,
)
from controller.steps.load.sheet import Sheet
from controller.steps.load.suggest import closest, did_you_mean, one_of
from schemas.values import DURATION_WORDS, duration_meant

Error = Mapping[str, Any]

_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_BOOLEAN = "`true` or `false`"
_OLD_BOOLEANS = {
    **dict.fromkeys(("yes", "on", "y", "true"), "true"),
    **dict.fromkeys(("no", "off", "n", "false"), "false"),
}
_TYPES = {
    "string_type": "a string",
    "string_sub_type": "a string",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": _BOOLEAN,
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "dataclass_type": "a mapping",
    "tuple_type": "a list",
    "list_type": "a list",
    "none_required": "nothing",
}
"""pydantic's type errors, with what was expected."""

_LIMITS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "greater_than": lambda context: f"more than {context['gt']:g}",
    "greater_than_equal": lambda context: f"at least {context['ge']:g}",
    "less_than": lambda context: f"less than {context['lt']:g}",
    "less_than_equal": lambda context: f"at most {context['le']:g}",
    "too_short": lambda context: f"at least {_count(context['min_length'], 'entry', 'entries')}",
    "too_long": lambda context: f"at most {_count(context['max_length'], 'entry', 'entries')}",
    "string_too_short": lambda context: f"at least {context['min_length']} characters",
    "string_too_long": lambda context: f"at most {context['max_length']} characters",
    "string_pattern_mismatch": lambda context: f"text that matches `{context['pattern']}`",
    "finite_number": lambda _: "a finite number",
}
"""pydantic's errors about values, with what was expected."""

EXPLAINED = frozenset({*_TYPES, *_LIMITS, "missing", "extra_forbidden", "literal_error"}) | {
    "value_error",
    "union_tag_invalid",
    "at",
}
"""Every type of error that has words of its own."""


def explain(
    errors: Iterable[Error], sheet: Sheet, root: Node, known_keys: Callable[[Path], Iterable[str]]
) -> Iterator[Diagnostic]:
    """Give one diagnostic for each mistake; `known_keys` tells the keys that a mapping may have."""
    missing: dict[Path, list[str]] = {}
    rest: list[tuple[Path, Error]] = []
    for error in errors:
        path = _path(root, error["loc"])
        if _is_echo(path, error, root):
            continue
        if error["type"] == "missing":
            missing.setdefault(path[:-1], []).append(str(path[-1]))
        else:
            rest.append((path, error))
    for path, error in rest:
        if error["type"] == "extra_forbidden":
            yield _unknown_key(path, sheet, root, missing, known_keys)
        else:
            yield from _explain_one(path, error, sheet, root)
    for path, names in missing.items():
        for name in names:
            yield _missing_key(path, name, sheet, root)


def _is_echo(path: Path, error: Error, root: Node) -> bool:
    """Tell whether a list is called too short only because an entry of it is wrong."""
    node = find_node(root, path)
    return (
        error["type"] == "too_short"
        and isinstance(node, ListNode)
        and len(node.items) >= error["ctx"]["min_length"]
    )


def _path(root: Node, location: Iterable[str | int]) -> Path:
    """Keep the steps that lead somewhere; drop pydantic's own, as names of unions or `[key]`."""
    path: Path = ()
    steps = tuple(location)
    for number, step in enumerate(steps):
        is_last = number == len(steps) - 1
        if step == "[key]" and is_last and find_node(root, path) is not None and path:
            return path
        if find_node(root, (*path, step)) is not None or is_last:
            path = (*path, step)
    return path


def _unknown_key(
    path: Path,
    sheet: Sheet,
    root: Node,
    missing: dict[Path, list[str]],
    known_keys: Callable[[Path], Iterable[str]],
) -> Diagnostic:
    above, name = path[:-1], str(path[-1])
    lacking = missing.get(above, [])
    meant = closest(name, lacking)
    if meant is not None:
        lacking.remove(meant)
    known = sorted(set(known_keys(above)))
    return sheet.find(
        "load/unknown-key",
        f"{_subject(above)} has no key `{name[:60]}`",
        place_of_key(root, path),
        expected=one_of(known) or "no keys",
        hint=f"did you mean `{meant}`?" if meant else did_you_mean(name, known),
    )


def _missing_key(path: Path, name: str, sheet: Sheet, root: Node) -> Diagnostic:
    return sheet.find(
        "load/missing-key",
        f"{_subject(path)} lacks the key `{name}`",
        _head(root, path),
        hint=f"add `{name}:`",
    )


def _head(root: Node, path: Path) -> tuple[int, int]:
    """Give the key of a mapping, or the first key in it when it has none of its own."""
    if path and isinstance(path[-1], str):
        return place_of_key(root, path)
    node = find_node(root, path)
    if isinstance(node, MapNode) and node.keys:
        first = next(iter(node.keys.values()))
        return first.start, first.end
    return place_of(root, path)


def _explain_one(path: Path, error: Error, sheet: Sheet, root: Node) -> Iterator[Diagnostic]:
    kind = str(error["type"])
    context = error.get("ctx", {})
    if kind == "at":
        for below, words in context["faults"]:
            yield _not_allowed((*path, *below), words, sheet, root)
    elif kind in _TYPES:
        yield wrong_type(path, _TYPES[kind], sheet, root)
    elif kind == "literal_error":
        yield _not_a_choice(path, str(context["expected"]), sheet, root)
    elif kind == "union_tag_invalid":
        tag = _place_of_tag(path, str(context["tag"]), root)
        yield _not_a_choice(tag, str(context["expected_tags"]), sheet, root)
    elif kind in _LIMITS:
        yield _not_allowed(path, _LIMITS[kind](context), sheet, root)
    elif kind == "value_error":
        yield _not_allowed(path, str(context["error"]), sheet, root)
    else:
        yield _not_allowed(path, None, sheet, root)


def _place_of_tag(path: Path, tag: str, root: Node) -> Path:
    """Find the key below a mapping that chooses its form."""
    node = find_node(root, path)
    for key, inner in node.items.items() if isinstance(node, MapNode) else ():
        if isinstance(inner, Scalar) and str(inner.value) == tag:
            return (*path, key)
    return path


def wrong_type(path: Path, expected: str, sheet: Sheet, root: Node) -> Diagnostic:
    """Say that a value is of another type than is wanted."""
    node = find_node(root, path)
    return sheet.find(
        "load/wrong-type",
        f"{_subject(path)} is {describe(node)}",
        place_of(root, path),
        expected=expected,
        hint=_how_to_retype(node, expected),
    )


def _how_to_retype(node: Node | None, expected: str) -> str | None:
    if not isinstance(node, Scalar) or node.value is None:
        return None
    word = node.value
    if expected == "a list":
        return "put it in brackets: `[…]`"
    if not isinstance(word, str):
        return "put it in quotes" if expected == "a string" else None
    if expected == _BOOLEAN and (meant := _OLD_BOOLEANS.get(word.lower())):
        return f"write `{meant}`; `{word}` is a text"
    if expected in {"a whole number", "a number"} and _NUMBER.fullmatch(word):
        return "take the quotes away"
    return None


def _how_to_rewrite(node: Node | None, expected: str | None) -> str | None:
    if not isinstance(node, Scalar) or expected is None:
        return None
    if expected.endswith(DURATION_WORDS):
        if isinstance(node.value, int) and not isinstance(node.value, bool):
            return f"add a unit: `{node.value}s` are seconds, `{node.value}m` minutes"
        meant = duration_meant(node.value)
        return f"did you mean `{meant}`?" if meant and meant != node.value else None
    if expected.startswith("one of `") and isinstance(node.value, str):
        return did_you_mean(node.value, re.findall(r"`([^`…]+)`", expected))
    return None


def _not_a_choice(path: Path, choices: str, sheet: Sheet, root: Node) -> Diagnostic:
    words = [word.strip("' ") for word in choices.replace(" or ", ", ").split(",")]
    node = find_node(root, path)
    value = node.value if isinstance(node, Scalar) else None
    return sheet.find(
        "load/value-not-allowed",
        f"{quote(node)} is not allowed for {_subject(path)}",
        place_of(root, path),
        expected=one_of(words),
        hint=did_you_mean(value, words) if isinstance(value, str) else None,
    )


def _not_allowed(path: Path, expected: str | None, sheet: Sheet, root: Node) -> Diagnostic:
    node = find_node(root, path)
    is_shown = isinstance(node, Scalar)
    message = (
        f"{quote(node)} is not allowed for {_subject(path)}"
        if is_shown
        else f"{_subject(path)} is not as it must be"
    )
    return sheet.find(
        "load/value-not-allowed",
        message,
        place_of(root, path),
        expected=expected,
        hint=_how_to_rewrite(node, expected),
    )


def _subject(path: Path) -> str:
    return f"`{write_path(path)}`" if path else "the document"


def describe(node: Node | None) -> str:
    """Say what a value is: `a string`."""
    match node:
        case MapNode():
            return "a mapping"
        case ListNode():
            return "a list"
        case Scalar(bool()):
            return "`true` or `false`"
        case Scalar(int() | float()):
            return "a number"
        case Scalar(str()):
            return "a string"
        case _:
            return "empty"


def quote(node: Node | None) -> str:
    """Write a value as it may be shown in a message."""
    if not isinstance(node, Scalar):
        return describe(node)
    text = node.value if isinstance(node.value, str) else json.dumps(node.value)
    text = "".join(character if character.isprintable() else "·" for character in text)
    return f"`{text[:57]}…`" if len(text) > 60 else f"`{text}`"  # noqa: PLR2004


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
