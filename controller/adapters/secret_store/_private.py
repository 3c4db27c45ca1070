"""Files that only the controller's user can read, written whole or not at all.

Modes are given with each file: a umask would be the whole process's.
"""

import os
from pathlib import Path

from controller.durable import sync_folder


def make_private_folder(folder: Path) -> None:
    """Make a folder for us alone; one that is there already becomes so."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)


def private_opener(path: str, flags: int) -> int:
    """Open for `open(…, opener=…)`, mode 0600."""
    return os.open(path, flags | os.O_CLOEXEC, 0o600)


def write_private(path: Path, content: bytes) -> None:
    """Replace the file at once, and only when its content is on the disk."""
    fresh = path.with_name(f".{path.name}.new")
    with open(fresh, "wb", opener=private_opener) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    sync_folder(path.parent)


def write_new(file: Path, content: bytes) -> None:
    """Write a file that is not there yet."""
    with open(file, "xb", opener=private_opener) as output:
        output.write(content)
        output.flush()
        os.fsync(output.fileno())
