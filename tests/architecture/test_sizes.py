"""Sizes of files and functions; what is longer is written down, and that list may only shrink."""

from functools import cache

import pytest

from tests.architecture.sources import (
    ALL,
    OURS,
    exceptions,
    functions_of,
    name_of,
    python_files,
    text_of,
)

LONGEST_SOURCE = 400
LONGEST_TEST = 600
LONGEST_FUNCTION = 50
LONGEST_TEST_FUNCTION = 60
LONGEST_PORT = 150
"""Lines of a file in `ports/`; the style aims at 60, the engine's port needs most."""


def longest_file(name: str) -> int:
    if name.startswith("controller/ports/"):
        return LONGEST_PORT
    return LONGEST_TEST if name.startswith("tests/") else LONGEST_SOURCE


def longest_function(name: str) -> int:
    return LONGEST_TEST_FUNCTION if name.startswith("tests/") else LONGEST_FUNCTION


def file_lengths() -> dict[str, int]:
    return {name_of(path): len(text_of(path).splitlines()) for path in python_files(*ALL)}


@cache
def function_lengths() -> dict[str, int]:
    return {
        f"{name_of(path)}:{name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for path in python_files(*ALL)
        if len(text_of(path).splitlines()) > LONGEST_FUNCTION  # else there is nothing to find
        for name, node in functions_of(path)
    }


def test_no_file_is_longer_than_its_limit() -> None:
    allowed = exceptions()["long files"]
    too_long = {
        name: lines
        for name, lines in file_lengths().items()
        if lines > max(longest_file(name), allowed.get(name, 0))
    }
    assert too_long == {}


def test_no_function_is_longer_than_its_limit() -> None:
    allowed = exceptions()["long functions"]
    too_long = {
        name: lines
        for name, lines in function_lengths().items()
        if lines > max(longest_function(name), allowed.get(name, 0))
    }
    assert too_long == {}


@pytest.mark.parametrize("kind", ["long files", "long functions"])
def test_an_exception_that_is_not_needed_any_more_is_taken_out(kind: str) -> None:
    found, limit = {
        "long files": (file_lengths(), longest_file),
        "long functions": (function_lengths(), longest_function),
    }[kind]
    needless = {name for name in exceptions()[kind] if found.get(name, 0) <= limit(name)}
    assert needless == set(), f"take them out of the {kind!r} of exceptions.json"


def test_half_of_the_source_files_have_at_most_a_hundred_lines() -> None:
    lengths = sorted(len(text_of(path).splitlines()) for path in python_files(*OURS))
    assert lengths[len(lengths) // 2] <= 100
