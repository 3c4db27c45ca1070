"""Runs a program that refuses to be root, or nobody in particular, when that is what we are.

PostgreSQL refuses both. In a user namespace of its own a process may call itself by a user that
the machine knows; files it makes still belong to the one outside. That has to be arranged between
fork and exec, which is no safe place in a process with threads, so this small program does it and
then becomes the other one. It is run by its path with `python -I -S` and imports nothing of ours.

    python -I -S unroot.py probe            prints `plain`, `namespace` or `nobody`
    python -I -S unroot.py MODE -- COMMAND  becomes COMMAND
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import sys
from pathlib import Path
from typing import NoReturn

PLAIN = "plain"
NAMESPACE = "namespace"
NOBODY = "nobody"

_NEW_USER_NAMESPACE = 0x10000000
NOBODY_ID = 65534


def user_inside() -> int:
    """Give a user that is not root and that this machine has a name for: PostgreSQL asks for it."""
    known = {entry.pw_name: entry.pw_uid for entry in pwd.getpwall() if entry.pw_uid != 0}
    return known.get("nobody", min(known.values(), default=NOBODY_ID))


def is_known(user: int) -> bool:
    """Tell whether this machine has a name for a user."""
    return any(entry.pw_uid == user for entry in pwd.getpwall())


def enter_namespace() -> None:
    """Become another user in a new user namespace; raises `OSError` where that is forbidden."""
    inside = user_inside()
    user, group = os.geteuid(), os.getegid()
    library = ctypes.CDLL(None, use_errno=True)
    if library.unshare(_NEW_USER_NAMESPACE) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    with contextlib.suppress(FileNotFoundError):
        Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{inside} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{inside} {group} 1")


def become_nobody() -> None:
    """Become the user `nobody`, for good; raises `OSError`."""
    os.setgroups([])
    os.setgid(NOBODY_ID)
    os.setuid(NOBODY_ID)


def find_mode() -> str:
    """Say which way works here."""
    user = os.geteuid()
    if user != 0 and is_known(user):
        return PLAIN
    try:
        enter_namespace()
    except (OSError, AttributeError):
        return PLAIN if user != 0 else NOBODY
    return NAMESPACE


def become(mode: str, command: list[str]) -> NoReturn:
    """Become the command, in the way that `mode` says; raises `OSError`."""
    if mode == NAMESPACE:
        enter_namespace()
    elif mode == NOBODY:
        become_nobody()
    os.execv(command[0], command)  # noqa: S606  # the whole purpose


if __name__ == "__main__":
    if sys.argv[1:] == ["probe"]:
        sys.stdout.write(find_mode())
    else:
        become(sys.argv[1], sys.argv[3:])
