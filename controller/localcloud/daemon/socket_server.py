"""Takes questions through the socket: one JSON object a line, and one line back for each."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import socket
import struct
from pathlib import Path
from typing import Any

from controller.localcloud.daemon.inventory import Inventory
from controller.localcloud.errors import CloudError

LONGEST_LINE = 4 << 20

_MOST_CONNECTIONS = 200
_IDLE_SECONDS = 60.0
_CREDENTIALS = struct.Struct("3i")
_LOG = logging.getLogger(__name__)


class SocketServer:
    """Listens on the daemon's socket until it is closed."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._server: asyncio.Server | None = None
        self._connections = 0
        self._busy = 0

    @property
    def is_busy(self) -> bool:
        """Say whether an operation is under way."""
        return self._busy > 0

    async def open(self, path: Path) -> None:
        """Listen; an old socket at the path is replaced."""
        path.unlink(missing_ok=True)
        mask = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._serve, path, limit=LONGEST_LINE)
        finally:
            os.umask(mask)

    def close(self) -> None:
        """Take no more connections."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        try:
            if self._connections <= _MOST_CONNECTIONS and _is_our_user(writer):
                await self._converse(reader, writer)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            pass
        finally:
            self._connections -= 1
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                async with asyncio.timeout(_IDLE_SECONDS):
                    line = await reader.readline()
            except ValueError:
                writer.write(_error(CloudError(f"a line is longer than {LONGEST_LINE} bytes")))
                await writer.drain()
                return
            if not line:
                return
            writer.write(await self._answer(line))
            await writer.drain()

    async def _answer(self, line: bytes) -> bytes:
        self._busy += 1
        try:
            request = json.loads(line)
            if not isinstance(request, dict):
                return _error(CloudError("a request is a JSON object"))
            answer = await self._inventory.answer(request)
            return json.dumps({"ok": answer}).encode() + b"\n"
        except CloudError as error:
            return _error(error)
        except (ValueError, RecursionError, KeyError) as error:
            return _error(CloudError(f"the request is not understood: {error}"))
        except ConnectionError:
            raise
        except Exception as error:  # noqa: BLE001  # the next question must still be answered
            _LOG.exception("an operation failed")
            return _error(CloudError(f"the daemon failed: {error!r}", hint="see its log"))
        finally:
            self._busy -= 1


def _error(error: CloudError) -> bytes:
    return json.dumps({"error": error.as_json()}).encode() + b"\n"


def _is_our_user(writer: asyncio.StreamWriter) -> bool:
    """Say whether the other end is run by our user, as the socket's mode already demands."""
    connection: Any = writer.get_extra_info("socket")
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return True
    data = connection.getsockopt(socket.SOL_SOCKET, option, _CREDENTIALS.size)
    _pid, user, _group = _CREDENTIALS.unpack(data)
    return user in {os.geteuid(), 0}
