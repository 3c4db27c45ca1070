"""`python -m controller.localcloud.forking.server N`: reads the provider's code, and forks it off.

It listens at the socket that was passed to it as file N, has one thread, and ends with whoever
holds the other end of its standard input. What it has forked lives on without it.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import select
import signal
import socket
import sys
import threading
import traceback

from controller.localcloud.forking.client import GO, LENGTH, STARTED, STOP, is_ours
from controller.localcloud.forking.code_stamp import code_stamp

_ASK_SECONDS = 2.0
_CHECK_SECONDS = 0.5
_LARGEST = 16 << 20
_FILES = 4
"""Input, output, errors and the folder."""
_MODULES = (
    "cryptography.hazmat.primitives.asymmetric.ec",
    "cryptography.hazmat.primitives.serialization",
    "cryptography.x509",
    "controller.localcloud.local_provider",
)
"""What a provider would read first; nothing is started by reading it."""


def main(number: int) -> int:
    """Fork a provider for everybody who asks, until standard input ends or the code is another."""
    stamp = code_stamp()  # before the code is read: what is changed meanwhile is noticed
    for module in _MODULES:
        importlib.import_module(module)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # so that nobody has to be waited for
    gc.freeze()  # what is there now is shared by all, and never looked through
    is_fresh = True
    with socket.socket(fileno=number) as listener:
        while is_fresh:
            ready, _, _ = select.select([listener, sys.stdin], [], [])
            if sys.stdin in ready:
                break
            connection, _ = listener.accept()
            with connection, contextlib.suppress(OSError, ValueError):
                is_fresh = _fork_for(connection, listener, stamp)
    return 0


def _fork_for(connection: socket.socket, listener: socket.socket, stamp: bytes) -> bool:
    """Fork for whoever asks; tells whether he runs the code that was read here.

    Raises ValueError, OSError when he does not say what he wants.
    """
    connection.settimeout(_ASK_SECONDS)
    files: list[int] = []
    try:
        if not is_ours(connection):
            return True
        head, files, _, _ = socket.recv_fds(connection, LENGTH.size, _FILES)
        (length,) = LENGTH.unpack(head.ljust(LENGTH.size, b"\xff"))
        if length > _LARGEST or len(files) != _FILES:
            return True
        theirs, *environment = _read(connection, length).split(b"\0")
        if theirs != stamp:
            return False
        if os.fork() == 0:
            listener.close()
            _become(connection, files, environment)
        return True
    finally:
        for file in files:
            os.close(file)


def _read(connection: socket.socket, length: int) -> bytes:
    content = b""
    while len(content) < length:
        part = connection.recv(length - len(content))
        if not part:
            raise ValueError("cut off")
        content += part
    return content


def _become(connection: socket.socket, files: list[int], environment: list[bytes]) -> None:
    """Be the provider of whoever asked; never returns, or the server would run twice."""
    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        *streams, folder = files
        os.fchdir(folder)
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
        for file in files:
            os.close(file)
        os.environb.clear()
        os.environb.update(
            (name, value) for name, _, value in (e.partition(b"=") for e in environment)
        )
        connection.sendall(STARTED)
        connection.settimeout(None)
        if connection.recv(1) == GO:  # else it did not wait, and has started by itself
            from controller.localcloud.local_provider import serve_localcloud

            code = serve_localcloud(lambda stopping: _follow(connection, stopping))
    finally:
        if sys.exc_info()[1] is not None:
            traceback.print_exc()
        with contextlib.suppress(OSError):
            connection.send(bytes([code]))
        os._exit(code)


def _follow(connection: socket.socket, stopping: threading.Event) -> None:
    """Wait until somebody says that it is to stop; ends at once where the one who asked is gone."""
    connection.settimeout(_CHECK_SECONDS)
    while not stopping.is_set():
        with contextlib.suppress(TimeoutError):
            if connection.recv(1) != STOP:
                os._exit(1)  # killed, as the provider itself would have been
            stopping.set()


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
