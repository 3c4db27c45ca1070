"""The process that Terraform starts: it stands for the one that is forked for it, and ends with it.

It imports next to nothing, for what it imports is what a start costs.
"""

from __future__ import annotations

import os
import signal
import socket
import struct
from array import array

from controller.localcloud.forking.code_stamp import code_stamp

VARIABLE = "TRUEUP_FORK_SERVER"
"""The name of the abstract socket at which somebody forks providers."""

LENGTH = struct.Struct("!I")
STARTED, GO, STOP = b"s", b"g", b"t"
_PEER = struct.Struct("3i")  # pid, user and group
_ANSWER_SECONDS = 10.0
_PARENT_CHECK_SECONDS = 0.5
_FAILED = 1


def ask_for_provider() -> int | None:
    """Be the provider by way of one that is forked; gives the exit code, None if nobody forks.

    Nothing was said to Terraform then, so that the provider can be started as usual.
    """
    name = os.environ.get(VARIABLE)
    if not name:
        return None
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # sent to the whole group; Terraform decides
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            if not _ask(connection, name):
                return None
            return _stay(connection)
    except OSError:
        return None


def is_ours(connection: socket.socket) -> bool:
    """Tell whether at the other end is a process of our own user: anybody may take a name."""
    told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
    return int(_PEER.unpack(told)[1]) == os.geteuid()


def _ask(connection: socket.socket, name: str) -> bool:
    """Hand everything over; tells whether a provider was forked that waits for our word."""
    connection.settimeout(_ANSWER_SECONDS)
    connection.connect(f"\0{name}")
    if not is_ours(connection):
        return False
    environment = [key + b"=" + value for key, value in os.environb.items()]
    content = b"\0".join([code_stamp(), *environment])
    folder = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
    files = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array("i", [0, 1, 2, folder]))]
    connection.sendmsg([LENGTH.pack(len(content))], files)
    os.close(folder)
    connection.sendall(content)
    return connection.recv(1) == STARTED


def _stay(connection: socket.socket) -> int:
    """Live as long as the provider; it is told when Terraform wants it to end, or is gone."""
    signal.signal(signal.SIGTERM, lambda *_: connection.send(STOP))
    connection.sendall(GO)
    connection.settimeout(_PARENT_CHECK_SECONDS)
    parent, is_told = os.getppid(), False
    while True:
        try:
            code = connection.recv(1)
        except TimeoutError:
            if not is_told and parent != 1 and os.getppid() != parent:
                connection.send(STOP)
                is_told = True
        except OSError:
            return _FAILED
        else:
            return code[0] if code else _FAILED
