"""Which loopback port belongs to whom: front ports are leased for good, others for a process.

Ports are taken from below the range from which the kernel gives ports to outgoing connections;
above, a port could be taken by any client while the daemon is away.
"""

from __future__ import annotations

import secrets
import socket
from pathlib import Path

from controller.localcloud.daemon import files
from controller.localcloud.errors import CloudError

HOST = "127.0.0.1"

_FIRST = 20000
_LAST = 32000


def is_free(port: int) -> bool:
    """Say whether nothing listens on a loopback port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


class Ports:
    """The ports of one root."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._leases: dict[str, int] = {}
        self._private: set[int] = set()
        # A start of its own for each daemon: two roots must not run after the same ports.
        self._next = _FIRST + secrets.randbelow(_LAST - _FIRST)
        for key, port in (files.find_json(path) or {}).items():
            if isinstance(port, int):
                self._leases[key] = port

    def lease(self, key: str, wanted: int | None = None) -> int:
        """Give the port of `key`, the same each time; raises `CloudError` if `wanted` is taken."""
        held = self._leases.get(key)
        if held is not None and wanted in {None, held}:
            return held
        if wanted is not None:
            self._check(key, wanted)
        port = self._free() if wanted is None else wanted
        self._leases[key] = port
        self._save()
        return port

    def _check(self, key: str, wanted: int) -> None:
        for other, port in self._leases.items():
            if port == wanted and other != key:
                raise CloudError(
                    f"port {wanted} belongs to `{other}`",
                    hint="leave `port` out to be given a free one",
                    attribute=("port",),
                )
        if not is_free(wanted):
            raise CloudError(
                f"port {wanted} is used by another program",
                hint="leave `port` out to be given a free one",
                attribute=("port",),
            )

    def release(self, key: str) -> None:
        """Give a leased port back."""
        if self._leases.pop(key, None) is not None:
            self._save()

    def take(self) -> int:
        """Give a free port for one process; `give_back` when it has ended."""
        port = self._free()
        self._private.add(port)
        return port

    def keep(self, port: int) -> None:
        """Note that a process that was found again has this port."""
        self._private.add(port)

    def give_back(self, port: int) -> None:
        """Note that a process no longer has this port."""
        self._private.discard(port)

    def _free(self) -> int:
        held = {*self._leases.values(), *self._private}
        for _ in range(_LAST - _FIRST):
            self._next = self._next + 1 if self._next + 1 < _LAST else _FIRST
            if self._next not in held and is_free(self._next):
                return self._next
        raise CloudError("every port that the local cloud may use is taken")

    def _save(self) -> None:
        files.write_json(self._path, self._leases)
