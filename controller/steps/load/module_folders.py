"""The folders that belong to a module: its own, those in it, and those beside it that it calls.

All are named as they are seen from the module: `""`, `parts/network`, `../network`.
"""

import posixpath
from collections.abc import Iterator, Mapping

from controller.steps.load.hcl import HclError
from controller.steps.load.module_code import may_hold, read_code

ALL = "modules/"
"""Modules lie below this folder, and nothing outside of it is part of one."""


def folder_of(name: str) -> str:
    """Give the folder that a file lies in."""
    return name.rpartition("/")[0]


def nested_folder(path: str, name: str, source: str) -> str | None:
    """Tell which folder a source in a file of the module at `path` names; None: not one of ours."""
    if not source.startswith(("./", "../")) and source not in {".", ".."}:
        return None
    place = posixpath.normpath(f"{path}/{folder_of(name)}/{source}")
    if not f"{place}/".startswith(ALL):
        return None
    folder = posixpath.relpath(place, path)
    return "" if folder == "." else folder


def used_folders(path: str, files: Mapping[str, bytes]) -> set[str]:
    """Give the folders that the engine would read: examples that lie beside are none of them."""
    used, left = {""}, [""]
    while left:
        folder = left.pop()
        for name in files:
            if folder_of(name) == folder and may_hold(name, files[name], b"module"):
                new = set(_nested(path, name, files[name])) - used
                used |= new
                left += sorted(new)
    return used


def folders_beside(path: str, files: Mapping[str, bytes]) -> frozenset[str]:
    """Give the places in the repository of folders that a module calls and that are not in it."""
    return frozenset(
        posixpath.normpath(f"{path}/{folder}")
        for name, content in files.items()
        if may_hold(name, content, b"../")
        for folder in _nested(path, name, content)
        if folder.startswith("..")
    )


def _nested(path: str, name: str, content: bytes) -> Iterator[str]:
    """Give the folders that a file calls; what cannot be read is told of elsewhere."""
    try:
        root = read_code(name, content.decode()).root
    except (UnicodeDecodeError, HclError):
        return
    for block in root.blocks:
        if block.type == "module" and (source := block.string("source")) is not None:
            folder = nested_folder(path, name, source)
            if folder is not None:
                yield folder
