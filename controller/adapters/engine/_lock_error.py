"""Who holds the lock of a state: from an engine's words, and from the local lock itself."""

import fcntl
import json
import os
import re
import struct
import sys
from pathlib import Path

from controller.ports.engine import LockHolder

SUMMARY = "Error acquiring the state lock"
INFO = ".terraform.tfstate.lock.info"
STATE = "terraform.tfstate"

_LINE = re.compile(r"^[\s│|]*(ID|Operation|Who|Created):[ \t]+(\S[^\n]*?)\s*$", re.MULTILINE)


def read_holder(text: str) -> LockHolder | None:
    """Find the holder in the message of a refused lock; None when it does not say."""
    found = dict(reversed(_LINE.findall(text)))
    if "ID" not in found:
        return None
    return LockHolder(
        id=found["ID"],
        who=found.get("Who", ""),
        operation=found.get("Operation", ""),
        created=found.get("Created", ""),
    )


def local_holder(directory: Path) -> LockHolder | None:
    """Tell who holds the lock of a local state now.

    What is written beside a state may be left from a process that was killed; the kernel knows.
    """
    if not _is_locked(directory / STATE):
        return None
    try:
        written = json.loads((directory / INFO).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return LockHolder(id="", who="", operation="", created="")
    return LockHolder(
        id=str(written.get("ID", "")),
        who=str(written.get("Who", "")),
        operation=str(written.get("Operation", "")),
        created=str(written.get("Created", "")),
    )


def left_behind(directory: Path) -> LockHolder | None:
    """Read the lock note that a killed process left beside a local state that nobody holds."""
    if not (directory / INFO).is_file() or _is_locked(directory / STATE):
        return None
    try:
        written = json.loads((directory / INFO).read_text(encoding="utf-8"))
    except ValueError:
        written = {}
    return LockHolder(str(written.get("ID", "")), str(written.get("Who", "")), "", "")


def _is_locked(state: Path) -> bool:
    """Ask the kernel who would be in the way of a lock, without taking one."""
    try:
        descriptor = os.open(state, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        if sys.platform == "darwin":
            asked = struct.pack("qqihh", 0, 0, 0, fcntl.F_WRLCK, os.SEEK_SET)
            *_, kind, _ = struct.unpack("qqihh", fcntl.fcntl(descriptor, fcntl.F_GETLK, asked))
        else:
            asked = struct.pack("hhqqi", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
            kind, *_ = struct.unpack("hhqqi", fcntl.fcntl(descriptor, fcntl.F_GETLK, asked))
    finally:
        os.close(descriptor)
    return bool(kind != fcntl.F_UNLCK)
