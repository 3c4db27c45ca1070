"""A service whose faults are switched on from outside: a process of its own, told by HTTP.

`python -m controller.bench.gates_service SECONDS`, those of a usual call, prints its port.
`PUT /faults` with JSON changes what it does, `GET /faults` says how many calls met a fault since
then, `GET /mine` notes that the caller has one of its own; everything else is answered as a shop
would, after some milliseconds.
"""

import asyncio
import contextlib
import json
import random
import sys
import time
from dataclasses import dataclass

MEDIAN, SPREAD = 0.004, 0.4
"""Seconds of a healthy call in the middle unless others are named, and how its logarithm differs
from call to call."""
BODY = b'{"shop": "ok"}'
OTHER = b'{"welcome": "to somebody else"}'


@dataclass
class Faults:
    """What is wrong with the service now."""

    slow_share: float = 0.0
    """Of the calls, so many take `slow_by` longer."""
    slow_by: float = 0.05
    slower: float = 0.0
    """The work of each call takes so much longer: 0.2 for a fifth; the way there is not work."""
    frozen: float = 0.0
    """Seconds of each `period` in which nobody is answered."""
    period: float = 5.0
    leak: float = 0.0
    """Seconds that a call takes longer for each second since this was switched on."""
    fails_every: int = 0
    other: bool = False
    """Answers as another product does."""
    since: float = 0.0
    met: int = 0
    """Calls so far that a fault changed, or that told of one of the caller's own."""


class Service:
    """Answers calls, with the faults of the moment."""

    def __init__(self, seed: int, median: float) -> None:
        self._faults, self._median = Faults(), median
        self._source = random.Random(seed)
        self._calls = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection until it ends."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                length = next(
                    (int(line.partition(":")[2]) for line in head.splitlines()
                     if line.lower().startswith("content-length:")), 0,
                )  # fmt: skip
                body = await reader.readexactly(length)
                if head.startswith("PUT /faults "):
                    self._faults = Faults(**json.loads(body), since=time.monotonic())
                    status, content = "200 OK", BODY
                elif head.startswith("GET /faults "):
                    status, content = "200 OK", json.dumps({"met": self._faults.met}).encode()
                elif head.startswith("GET /mine "):
                    self._faults.met += 1
                    status, content = "200 OK", BODY
                else:
                    status, content = await self._answer()
                writer.write(
                    f"HTTP/1.1 {status}\r\nContent-Length: {len(content)}\r\n\r\n".encode()
                    + content
                )
                await writer.drain()
        writer.close()

    async def _answer(self) -> tuple[str, bytes]:
        faults, self._calls = self._faults, self._calls + 1
        number, running = self._calls, time.monotonic() - faults.since
        took = healthy = self._median * self._source.lognormvariate(0, SPREAD)
        took *= 1 + faults.slower
        if self._source.random() < faults.slow_share:
            took += faults.slow_by
        at = running % faults.period
        if faults.frozen and at >= faults.period - faults.frozen:
            took += faults.period - at
        took += faults.leak * running
        fails = faults.fails_every > 0 and number % faults.fails_every == 0
        faults.met += took > healthy or fails or faults.other
        await asyncio.sleep(took)
        if fails:
            return "500 Broken", BODY
        return "200 OK", OTHER if faults.other else BODY


async def main() -> None:
    """Serve until stdin ends."""
    service = Service(20261126, float(sys.argv[1]))
    server = await asyncio.start_server(service.serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
