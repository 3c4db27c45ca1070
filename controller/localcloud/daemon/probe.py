"""Is a process ready to serve? Asked over the port that it was given."""

from __future__ import annotations

import asyncio
import contextlib

from controller.localcloud.daemon.ports import HOST

LONGEST_ANSWER = 5.0

_STATUS_LINE = 4096
_FIRST_BAD_STATUS = 400


async def is_healthy(port: int, path: str, seconds: float = LONGEST_ANSWER) -> bool:
    """Say whether GET `path` is answered well; with no path, whether the port is open.

    An answer may take `seconds`, but never longer than a busy replica could be forgiven for.
    """
    try:
        async with asyncio.timeout(min(seconds, LONGEST_ANSWER)):
            return await _ask(port, path)
    except (OSError, TimeoutError, ValueError):
        return False


async def _ask(port: int, path: str) -> bool:
    reader, writer = await asyncio.open_connection(HOST, port, limit=_STATUS_LINE)
    try:
        if not path:
            return True
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: {HOST}:{port}\r\nUser-Agent: trueup-localcloud\r\n"
            "Accept: */*\r\nConnection: close\r\n\r\n".encode()
        )
        await writer.drain()
        words = (await reader.readline()).split()
        if len(words) < 2 or not words[0].startswith(b"HTTP/"):  # noqa: PLR2004
            return False
        return 0 < int(words[1]) < _FIRST_BAD_STATUS
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
