"""Fetched providers that no workspace names any more: found by lock files and links, moved away.

What is moved is gone for whoever looks, before the first of its files is deleted: a sweep that is
killed leaves nothing that looks whole.
"""

import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from controller.adapters.engine import _lock_file
from controller.model.retention import Amount

LINKS = ".terraform/providers/*/*/*/*/*"


@dataclass(frozen=True, slots=True)
class Fetched:
    """One version of a provider, in the layout of Terraform's mirrors."""

    path: Path
    amount: Amount

    def used_at(self) -> datetime:
        """Tell when it was fetched, or last found in use."""
        return datetime.fromtimestamp(self.path.stat().st_mtime, UTC)

    def note_use(self) -> None:
        """Let its age begin anew; the files of a package are not touched by that."""
        os.utime(self.path)


def versions_in(shared: Path) -> list[Fetched]:
    """Find every version that is kept."""
    return [
        Fetched(path, Amount(1, sum(file.stat().st_size for file in _files(path))))
        for path in sorted(shared.glob("*/*/*/*"))
        if path.is_dir() and not path.is_symlink()
    ]


def named_by(directories: Iterable[Path], shared: Path) -> set[Path]:
    """Give the versions that workspaces have locked, or that they hold a link to."""
    found = set()
    for directory in directories:
        locked = (*_lock_file.read(directory), *_lock_file.read_aside(directory))
        found |= {shared / each.address / each.version for each in locked}
        found |= {link.resolve().parent for link in directory.glob(LINKS) if link.is_symlink()}
    return {path.resolve() for path in found}


def take_away(path: Path, shared: Path) -> None:
    """Move a version out of the mirror, then delete it; also what a killed sweep had moved."""
    going = shared.with_name(f"{shared.name}.going")
    going.mkdir(mode=0o700, exist_ok=True)
    if path.is_dir():
        path.rename(going / "-".join(path.relative_to(shared).parts))
    shutil.rmtree(going, ignore_errors=True)


def drop_broken(roots: Path) -> None:
    """Remove roots that were made only to load providers, and link to one that is gone."""
    for root in roots.glob("*"):
        if any(not link.exists() for link in root.glob(LINKS)):
            shutil.rmtree(root, ignore_errors=True)


def _files(path: Path) -> Iterator[Path]:
    return (file for file in path.rglob("*") if file.is_file())
