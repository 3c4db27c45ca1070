"""A small real HTTP server that can be told to freeze, to fail, or to be slow."""

import asyncio
import contextlib
import time
from dataclasses import dataclass, field


@dataclass
class Target:
    """What the server does, and whom it met."""

    delay: float = 0.002
    fails_every: int = 0
    resets_every: int = 0
    frozen: float = 0.0
    """Seconds of each period in which nobody is answered."""
    period: float = 5.0
    requests: int = 0
    headers: list[str] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)
    url: str = ""

    async def serve(self, reader, writer):
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                self.requests += 1
                failed = self.fails_every and self.requests % self.fails_every == 0
                self.headers.append(head)
                if self.resets_every and self.requests % self.resets_every == 0:
                    writer.transport.abort()
                    return
                await asyncio.sleep(self.delay + self.freeze_left())
                status = b"500 Broken" if failed else b"200 OK"
                writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 2\r\n\r\nok")
                await writer.drain()
        writer.close()

    def freeze_left(self):
        at = (time.monotonic() - self.started) % self.period
        start = self.period - self.frozen
        return self.period - at if self.frozen and at >= start else 0.0


@contextlib.asynccontextmanager
async def running(host="127.0.0.1", **behaviour):
    target = Target(**behaviour)
    connections = set()

    async def serve(reader, writer):
        connections.add(asyncio.current_task())
        try:
            await target.serve(reader, writer)
        except asyncio.CancelledError:
            writer.close()

    server = await asyncio.start_server(serve, host, 0)
    target.url = f"http://{host}:{server.sockets[0].getsockname()[1]}"
    try:
        yield target
    finally:
        server.close()
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
        await server.wait_closed()
