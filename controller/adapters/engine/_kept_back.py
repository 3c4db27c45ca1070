"""Outputs that hold something sensitive and do not say so: they are marked, and kept back.

A module of others need not mark them, because only a root must: which are, Terraform alone knows,
and says when it refuses a plan. An override file beside the root marks them then.
"""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from controller.adapters.engine import _init_stamp
from controller.adapters.engine.private_file import write_private

NOTE = Path(".trueup") / "kept-back.json"


def mark(directory: Path) -> None:
    """Mark what was found to be sensitive in this configuration; of another one nothing is."""
    override = directory / _init_stamp.OVERRIDE
    names = _noted(directory)
    if names:
        _write_where_new(override, {"output": {name: {"sensitive": True} for name in names}})
    else:
        override.unlink(missing_ok=True)


def add(directory: Path, found: Iterable[str]) -> tuple[str, ...]:
    """Note outputs that Terraform found to be sensitive; gives those that were not known."""
    known = _noted(directory)
    new = tuple(sorted(set(found) - set(known)))
    if new:
        note = {"configuration": _digest(directory), "outputs": sorted({*known, *new})}
        write_private(directory / NOTE, json.dumps(note))
        mark(directory)
    return new


def _noted(directory: Path) -> tuple[str, ...]:
    """Give the names that were noted for the configuration as it is now."""
    try:
        note = json.loads((directory / NOTE).read_text(encoding="utf-8"))
        names = tuple(map(str, note["outputs"]))
    except (OSError, ValueError, KeyError, TypeError):
        return ()
    return names if note.get("configuration") == _digest(directory) else ()


def _digest(directory: Path) -> str:
    hasher = hashlib.sha256()
    for path in _init_stamp.configuration(directory):
        content = path.read_bytes()
        hasher.update(f"{path.relative_to(directory).as_posix()} {len(content)} ".encode())
        hasher.update(content)
    return hasher.hexdigest()


def _write_where_new(path: Path, document: object) -> None:
    text = json.dumps(document)
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        write_private(path, text)
