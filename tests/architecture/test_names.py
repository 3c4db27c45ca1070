"""Rooms and files are named for what is in them."""

import pytest

from tests.architecture.sources import (
    ALL,
    OURS,
    ROOT,
    exceptions,
    has_docstring,
    name_of,
    python_files,
)

SAYS_NOTHING = frozenset(
    {"utils", "util", "helpers", "helper", "common", "misc", "core", "manager", "managers"}
)


def test_no_room_and_no_file_has_a_name_that_says_nothing() -> None:
    found = {
        name_of(path)
        for path in python_files(*ALL)
        if not SAYS_NOTHING.isdisjoint(
            part.lstrip("_") for part in path.relative_to(ROOT).with_suffix("").parts
        )
    }
    assert found == set()


def test_every_package_says_in_its_docstring_what_belongs_in_it() -> None:
    silent = {
        name_of(path)
        for path in python_files(*OURS)
        if path.name == "__init__.py" and not has_docstring(path)
    }
    allowed = set(exceptions()["packages without a docstring"])
    assert silent <= allowed


def test_every_module_says_what_it_is() -> None:
    silent = {
        name_of(path)
        for path in python_files(*OURS)
        if path.name != "__init__.py" and not has_docstring(path)
    }
    assert silent == set()


def test_every_folder_with_code_is_a_package() -> None:
    bare = {
        name_of(path.parent)
        for path in python_files(*OURS)
        if not (path.parent / "__init__.py").is_file()
    }
    assert bare == set()


PORTS = ROOT / "controller" / "ports"
ADAPTERS = ROOT / "controller" / "adapters"


def folders() -> set[str]:
    return {path.parent.name for path in ADAPTERS.glob("*/__init__.py")}


def test_every_port_has_a_folder_of_adapters_and_every_folder_a_port() -> None:
    ports = {path.stem for path in PORTS.glob("*.py")} - {"__init__"}
    known_as = {"pointers": "git", "repository": "git"}  # one adapter gives both sides of Git
    assert {known_as.get(port, port) for port in ports} == folders()


@pytest.mark.parametrize("port", sorted(folders()))
def test_every_port_has_an_adapter_in_memory(port: str) -> None:
    assert (ADAPTERS / port / "memory.py").is_file()
