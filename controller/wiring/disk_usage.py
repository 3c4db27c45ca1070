"""What uses the disk, by the name of what lies in the data folder, and what is left of it."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from controller.model.room import Room

LEDGER = "ledger.db"


def disk_usage(data: Path) -> Mapping[str, int]:
    """Sum up what lies below each name; what goes away meanwhile counts for nothing."""
    found: dict[str, int] = {}
    with os.scandir(data) as entries:
        for entry in entries:
            # SQLite's own files beside the ledger are the ledger's.
            name = LEDGER if entry.name.startswith(LEDGER) else entry.name
            found[name] = found.get(name, 0) + sum(_sizes(entry))
    return {name: size for name, size in sorted(found.items()) if size}


def _sizes(entry: "os.DirEntry[str]") -> Iterator[int]:
    try:
        if entry.is_dir(follow_symlinks=False):
            with os.scandir(entry) as inside:
                for inner in inside:
                    yield from _sizes(inner)
        else:
            yield entry.stat(follow_symlinks=False).st_blocks * 512
    except OSError:  # gone, or a folder of somebody else, as a database's
        return


def room(data: Path) -> Room:
    """Ask the disk of the data folder. Raises OSError."""
    found = os.statvfs(data)
    is_read_only = bool(found.f_flag & os.ST_RDONLY)
    return Room(str(data), found.f_bavail * found.f_frsize, is_read_only)
