"""What processes write: read the end of it, and keep it from filling the disk."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from pathlib import Path

LARGEST_LOG = 5 << 20

_TAIL_BYTES = 128 << 10
_ROUND_SECONDS = 5.0


def tail(path: Path, lines: int, *, since: int = 0) -> str:
    """Give the last lines of a log, nothing from before the offset `since`."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(since if since <= size else 0, size - _TAIL_BYTES))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:]) if lines > 0 else ""


def size_of(path: Path) -> int:
    """Give how long a log is now."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def rotate(path: Path, largest: int = LARGEST_LOG) -> None:
    """Keep one old file of a log that has grown too long, and empty it.

    The writers append and never open the file again, so it is copied and cut, not renamed.
    """
    if size_of(path) > largest:
        shutil.copyfile(path, path.with_suffix(".log.1"))
        os.truncate(path, 0)


async def keep_small(*folders: Path) -> None:
    """Look after the logs in these folders for ever."""
    while True:
        for folder in folders:
            for path in folder.glob("*.log"):
                with contextlib.suppress(OSError):
                    rotate(path)
        await asyncio.sleep(_ROUND_SECONDS)
