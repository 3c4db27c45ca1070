"""What code a process would run if it were started now."""

from __future__ import annotations

import os
import sys


def code_stamp() -> bytes:
    """Give a text that is another one after any of the code was changed or upgraded.

    Our own files count one by one; of what others wrote, that something was installed.
    """
    own = __file__.rpartition("/forking/")[0]  # pathlib would cost more than all of this
    found = [sys.executable, sys.version]
    found += (f"{path} {_changed(path)}" for path in sys.path if path.endswith("-packages"))
    found += sorted(_files(own))
    return "\n".join(found).encode()


def _files(folder: str) -> list[str]:
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".py"):
                about = entry.stat()
                found.append(f"{entry.path} {about.st_size} {about.st_mtime_ns} {about.st_ino}")
            elif entry.is_dir() and entry.name != "__pycache__":
                found += _files(entry.path)
    return found


def _changed(path: str) -> int:
    try:
        return os.lstat(path).st_mtime_ns
    except OSError:
        return 0
