"""What nobody needs any more below the folder of workspaces: found in a thread, taken by a move."""

import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from controller.model.retention import Amount

_NAME = re.compile(rb"sha256-[0-9a-f]{64}")
_LEFT = (".building-", ".going-")
"""How the names begin of what a killed process left half made or half removed."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A tree that lies on the disk."""

    path: Path
    stamp: Path
    amount: Amount

    def placed_at(self) -> datetime:
        """Tell when somebody last wanted it."""
        dated = self.stamp if self.stamp.is_file() else self.path
        return datetime.fromtimestamp(dated.stat().st_mtime, UTC)


def trees_in(folder: Path) -> list[Placed]:
    """Find all trees, and what is left of some."""
    if not folder.is_dir():
        return []
    return [
        Placed(path, folder / ".placed" / path.name, amount_of(path))
        for path in sorted(folder.iterdir())
        if path.name.startswith(("sha256-", *_LEFT))
    ]


def names_in(units: Path, records: Iterable[Path]) -> set[str]:
    """Find the names of all trees that stand in a workspace, a state beside one, or a record.

    What uses a tree has its path from there: nobody has to list who uses which.
    """
    files = (*_workspace_files(units), *(f for each in records for f in each.glob("*.json")))
    return {name.decode() for file in files for name in _NAME.findall(_content(file))}


def _workspace_files(folder: Path) -> Iterator[Path]:
    if not folder.is_dir():
        return
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            if entry.name != ".terraform":
                yield from _workspace_files(entry)
        elif entry.is_file():
            yield entry


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError:  # written anew in between: what it names now is young
        return b""


def take(placed: Placed) -> Path:
    """Move a tree out of its place in one step; gives where it is to be removed from."""
    if placed.path.name.startswith(_LEFT):
        return placed.path
    going = placed.path.with_name(f".going-{placed.path.name}")
    placed.stamp.unlink(missing_ok=True)
    placed.path.rename(going)
    return going


def remove_tree(tree: Path) -> None:
    """Remove a folder that may be read-only; one that is not there is no error."""
    if not tree.exists():
        return
    for path in [tree, *tree.rglob("*")]:
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o700)
    shutil.rmtree(tree)


def amount_of(path: Path) -> Amount:
    """Tell how much a file or a folder is."""
    files = path.rglob("*") if path.is_dir() else (path,)
    return Amount(1, sum(file.lstat().st_size for file in files if not file.is_dir()))
