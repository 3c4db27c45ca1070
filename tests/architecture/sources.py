"""Our Python files, read once, and the written exceptions to the rules about them."""

import ast
import io
import json
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
EXCEPTIONS = Path(__file__).with_name("exceptions.json")
OURS = ("controller", "schemas")
DOCSTRING = re.compile(r'r?"""[^"\s]')
ALL = (*OURS, "loadtests", "platform-config", "tests")

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def exceptions() -> dict[str, Any]:
    """Give what is allowed for now; every entry may only shrink."""
    return json.loads(EXCEPTIONS.read_text(encoding="utf-8"))


def python_files(*rooms: str) -> list[Path]:
    return sorted(
        path
        for room in rooms
        for path in (ROOT / room).rglob("*.py")
        if "__pycache__" not in path.parts
    )


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def has_docstring(path: Path) -> bool:
    return bool(DOCSTRING.match(text_of(path)) or ast.get_docstring(tree_of(path)))


@cache
def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def files_with(words: str | re.Pattern[str], *rooms: str) -> list[Path]:
    """Give the files whose text has it at all: to parse a file takes a hundred times as long."""
    return [path for path in python_files(*rooms) if re.search(words, text_of(path))]


def tree_of(path: Path) -> ast.Module:
    """Parse a file; it is not kept, for all of them are a million objects."""
    return ast.parse(text_of(path), filename=name_of(path))


def comments_of(path: Path) -> Iterator[str]:
    """Give the comments alone: a word in a string is not one."""
    for token in tokenize.generate_tokens(io.StringIO(text_of(path)).readline):
        if token.type == tokenize.COMMENT:
            yield token.string


def functions_of(path: Path) -> Iterator[tuple[str, Function]]:
    """Give every function with its name, as in `Class.method`."""
    yield from _functions(tree_of(path), "")


def _functions(node: ast.AST, prefix: str) -> Iterator[tuple[str, Function]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function):
            yield prefix + child.name, child
            yield from _functions(child, f"{prefix}{child.name}.")
        elif isinstance(child, ast.ClassDef):
            yield from _functions(child, f"{prefix}{child.name}.")
        else:
            yield from _functions(child, prefix)
