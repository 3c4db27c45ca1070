"""Attribute of a resource → the input of the module that feeds it, by reading the module's text.

Nothing is evaluated: what is not plainly a variable, or a part of one, gives nothing. Whoever uses
the answer proves it, by a plan.
"""

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.model.module import Module
from controller.steps.load.hcl import Block, HclError, elements, object_entries, read_hcl
from controller.steps.load.nodes import Step

DEEPEST = 30
_CALL = re.compile(r"module\.([\w-]+)(?:\[([^\]]*)\])?\.")
_RESOURCE = re.compile(r"([\w-]+)\.([\w-]+)(?:\[([^\]]*)\])?")
_STEP = re.compile(r'\.([\w-]+)|\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]')
_NAME = re.compile(r"([\w-]+)")
_REFERENCE = re.compile(r"(var|local|[\w-]+\.value)((?:\.[\w-]+|\[[^\]]*\])*)")
_FUNCTION = re.compile(r"(\w+)\((.*)\)", re.DOTALL)
_TEMPLATE = re.compile(r'"\$\{([^"]*)\}"')
_SAME = frozenset({"tostring", "tonumber", "tobool", "tolist", "toset", "tomap", "jsonencode"})
_FIRST = frozenset({"coalesce", "try"})
_ALIASES = {"tags_all": "tags"}


@dataclass(frozen=True, slots=True)
class InputPath:
    """An input of a module, or a part of one."""

    name: str
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class _Turn:
    """What is gone through, and which of it is meant: of `for_each` and of a dynamic block."""

    over: str
    key: Step


@dataclass(frozen=True)
class _Scope:
    """One module: its blocks, and the call that made it."""

    blocks: tuple[Block, ...]
    call: Block | None = None
    above: "_Scope | None" = None
    turns: Mapping[str, _Turn] = field(default_factory=dict)
    """In the scope of a call: what `each` means there."""


def trace(module: Module, address: str, attribute: str) -> InputPath | None:
    """Tell which input gives an attribute its value; None when it cannot be told.

    The address is that in the module; the attribute is written as `tags.Owner`, `ingress[0].port`.
    """
    steps = read_path(attribute)
    try:
        found = _find(module.files, address)
    except HclError:
        return None
    if found is None or not steps:
        return None
    scope, resource, key = found
    first = _ALIASES.get(str(steps[0]), steps[0])
    for name in dict.fromkeys((steps[0], first)):
        if (
            given := _in_block(scope, resource, (name, *steps[1:]), _turns(resource, key))
        ) is not None:
            return given
    return None


def read_path(attribute: str) -> tuple[Step, ...]:
    """Read a path as a plan writes it."""
    return tuple(
        match[1] if match[1] is not None else int(match[2])
        for match in re.finditer(r"([^.\[\]]+)|\[(\d+)\]", attribute)
    )


def _find(files: Mapping[str, bytes], address: str) -> tuple[_Scope, Block, str | None] | None:
    folder, scope = "", _Scope(_blocks(files, ""))
    while match := _CALL.match(address):
        address = address[match.end() :]
        call = next(
            (b for b in scope.blocks if (b.type, b.labels) == ("module", (match[1],))), None
        )
        source = call.string("source") if call else None
        if call is None or source is None or not source.startswith(("./", "../")):
            return None
        folder = posixpath.normpath(f"./{folder}/{source}")
        folder = "" if folder == "." else folder
        scope = _Scope(_blocks(files, folder), call, scope, _turns(call, match[2]))
    match = _RESOURCE.fullmatch(address)
    if match is None:
        return None
    wanted = ("resource", (match[1], match[2]))
    block = next((b for b in scope.blocks if (b.type, b.labels) == wanted), None)
    return None if block is None else (scope, block, match[3])


def _blocks(files: Mapping[str, bytes], folder: str) -> tuple[Block, ...]:
    prefix = f"{folder}/" if folder else ""
    return tuple(
        block
        for name, content in files.items()
        if name.startswith(prefix) and name.endswith(".tf") and "/" not in name[len(prefix) :]
        for block in read_hcl(content.decode()).blocks
    )


def _turns(block: Block, key: str | None) -> Mapping[str, _Turn]:
    over = block.text("for_each")
    if over is None or key is None or not key.startswith('"'):
        return {}
    return {"each": _Turn(over, key.strip('"'))}


def _in_block(
    scope: _Scope, block: Block, steps: tuple[Step, ...], turns: Mapping[str, _Turn]
) -> InputPath | None:
    """Go into an attribute, a nested block, or a dynamic one."""
    name, rest = str(steps[0]), steps[1:]
    text = block.text(name)
    if text is not None:
        return _resolve(scope, text, rest, turns, 0)
    index = rest[0] if rest and isinstance(rest[0], int) else 0
    rest = rest[1:] if rest and isinstance(rest[0], int) else rest
    if not rest:
        return None
    inner = [each for each in block.blocks if (each.type, each.labels) == (name, ())]
    if index < len(inner):
        return _in_block(scope, inner[index], rest, turns)
    dynamic = next((b for b in block.blocks if (b.type, b.labels) == ("dynamic", (name,))), None)
    over = dynamic.text("for_each") if dynamic else None
    content = next((b for b in dynamic.blocks if b.type == "content"), None) if dynamic else None
    if dynamic is None or over is None or content is None:
        return None
    iterator = dynamic.text("iterator") or name
    return _in_block(scope, content, rest, {**turns, iterator: _Turn(over, index)})


def _resolve(
    scope: _Scope, text: str, steps: tuple[Step, ...], turns: Mapping[str, _Turn], depth: int
) -> InputPath | None:
    """Follow an expression to the variable that it is, or is a part of."""
    text = _unwrapped(text)
    if depth > DEEPEST:
        return None
    if match := _REFERENCE.fullmatch(text):
        return _follow(scope, match[1], (*_steps(match[2]), *steps), turns, depth)
    try:
        for inner, left in _parts(text, steps):
            found = _resolve(scope, inner, left, turns, depth + 1)
            if found is not None:
                return found
    except HclError:
        return None
    return None


def _follow(
    scope: _Scope, word: str, steps: tuple[Step, ...], turns: Mapping[str, _Turn], depth: int
) -> InputPath | None:
    if word.endswith(".value"):
        turn = turns.get(word.removesuffix(".value"))
        return _resolve(scope, turn.over, (turn.key, *steps), {}, depth + 1) if turn else None
    if not steps or not isinstance(steps[0], str):
        return None
    name, rest = steps[0], steps[1:]
    if word == "local":
        texts = (block.text(name) for block in scope.blocks if block.type == "locals")
        text = next((each for each in texts if each is not None), None)
        return None if text is None else _resolve(scope, text, rest, turns, depth + 1)
    if scope.above is None or scope.call is None:
        return InputPath(name, rest)
    text = scope.call.text(name)
    return None if text is None else _resolve(scope.above, text, rest, scope.turns, depth + 1)


def _parts(text: str, steps: tuple[Step, ...]) -> list[tuple[str, tuple[Step, ...]]]:
    """Give the expressions that may stand behind one, with what is left of the path in each."""
    if text.startswith("{") and steps:
        entries = object_entries(text)
        return [(entries[str(steps[0])], steps[1:])] if str(steps[0]) in entries else []
    if text.startswith("[") and text.endswith("]") and steps and isinstance(steps[0], int):
        inside = elements(text[1:-1])
        return [(inside[steps[0]], steps[1:])] if steps[0] < len(inside) else []
    match = _FUNCTION.fullmatch(text)
    arguments = elements(match[2]) if match else ()
    match match[1] if match else "":
        case "merge":  # the last one wins
            return [(each, steps) for each in reversed(arguments)]
        case word if word in _FIRST or (word in _SAME and len(arguments) == 1):
            return [(each, steps) for each in arguments]
        case _:
            return []


def _unwrapped(text: str) -> str:
    text = text.strip()
    if match := _TEMPLATE.fullmatch(text):
        text = match[1].strip()
    while text.startswith("(") and text.endswith(")") and text.count("(") == 1:
        text = text[1:-1].strip()
    return text


def _steps(text: str) -> tuple[Step, ...]:
    return tuple(
        int(match[3]) if match[3] is not None else match[1] or match[2]
        for match in _STEP.finditer(text)
    )
