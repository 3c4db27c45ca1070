"""The router: turns, drains, and bytes in both directions."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from controller.localcloud.daemon.router import Router, Target
from controller.localcloud.errors import CloudError

HOST = "127.0.0.1"
REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Bench:
    """A router and the servers behind it, all gone at the end."""

    def __init__(self) -> None:
        self.router = Router()
        self.servers: list[asyncio.Server] = []

    async def target(self, serve: Serve) -> Target:
        server = await asyncio.start_server(serve, HOST, 0)
        self.servers.append(server)
        target = Target(server.sockets[0].getsockname()[1])
        target.is_healthy = True
        return target

    async def open(self, *targets: Target) -> int:
        probe = await asyncio.start_server(lambda *_: None, HOST, 0)
        port = int(probe.sockets[0].getsockname()[1])
        probe.close()
        await probe.wait_closed()
        await self.router.open(port)
        self.router.targets = targets
        return port

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(HOST, self.router.port)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = Bench()
    yield bench
    bench.router.close()
    for server in bench.servers:
        server.close()
    await asyncio.sleep(0.05)


def answering(name: bytes) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readline():
            while (await reader.readline()).strip():
                pass
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(name), name))
        writer.close()

    return serve


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1 << 16):
        writer.write(data)
        await writer.drain()
    writer.close()


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    writer.write(REQUEST)
    await reader.readuntil(b"\r\n\r\n")
    return await reader.readexactly(1)


async def ask_once(bench: Bench) -> bytes:
    reader, writer = await bench.connect()
    answer = await ask(reader, writer)
    writer.close()
    return answer


async def test_equals_take_turns_and_the_unhealthy_are_passed_over(bench: Bench) -> None:
    targets = [await bench.target(answering(name)) for name in (b"a", b"b", b"c")]
    await bench.open(*targets)
    assert {await ask_once(bench) for _ in range(6)} == {b"a", b"b", b"c"}
    targets[0].is_healthy = False
    assert {await ask_once(bench) for _ in range(6)} == {b"b", b"c"}
    for target in targets:
        target.is_healthy = False
    assert await ask_once(bench) in {b"a", b"b", b"c"}


async def test_one_that_refuses_is_tried_no_further(bench: Bench) -> None:
    good, bad = await bench.target(answering(b"g")), await bench.target(answering(b"x"))
    bench.servers[1].close()
    await bench.servers[1].wait_closed()
    await bench.open(bad, good)
    assert {await ask_once(bench) for _ in range(4)} == {b"g"}


async def test_an_open_connection_moves_with_its_next_request(bench: Bench) -> None:
    old, new = await bench.target(answering(b"o")), await bench.target(answering(b"n"))
    await bench.open(old)
    reader, writer = await bench.connect()
    assert await ask(reader, writer) == b"o"
    bench.router.targets = (new,)
    old.is_draining = True
    assert await ask(reader, writer) == b"n"
    await asyncio.wait_for(old.is_idle.wait(), 60)
    writer.close()


async def test_what_is_no_http_stays_where_it_is(bench: Bench) -> None:
    old, new = await bench.target(echo), await bench.target(answering(b"n"))
    await bench.open(old)
    reader, writer = await bench.connect()
    for text in (b"one\n", b"two\n", b"GET it\n"):
        writer.write(text)
        assert await reader.readline() == text
        bench.router.targets = (new,)
        old.is_draining = True
    assert not old.is_idle.is_set()
    writer.close()


async def test_much_data_goes_through_both_ways_in_order(bench: Bench) -> None:
    await bench.open(await bench.target(echo))
    reader, writer = await bench.connect()
    data = bytes(range(256)) * (1 << 15)

    async def send() -> None:
        writer.write(data)
        await writer.drain()
        writer.write_eof()

    sending = asyncio.ensure_future(send())
    assert await reader.read(-1) == data
    await sending
    writer.close()


async def test_with_nobody_behind_it_a_connection_is_closed(bench: Bench) -> None:
    await bench.open()
    reader, writer = await bench.connect()
    assert await asyncio.wait_for(reader.read(), 60) == b""
    writer.close()


async def test_a_taken_port_is_an_error_and_a_new_one_replaces_the_old(bench: Bench) -> None:
    first = await bench.open(await bench.target(answering(b"a")))
    with pytest.raises(CloudError, match="is used by another program"):
        await bench.router.open(bench.servers[0].sockets[0].getsockname()[1])
    assert bench.router.port == first
    assert await ask_once(bench) == b"a"


async def test_what_comes_before_the_replica_has_accepted_is_not_lost(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some versions of asyncio read on although reading was paused when a connection was made."""
    transport = asyncio.selector_events._SelectorSocketTransport
    monkeypatch.setattr(transport, "pause_reading", lambda _self: None)
    await bench.open(await bench.target(answering(b"a")))
    for _ in range(20):
        reader, writer = await bench.connect()
        writer.write(REQUEST)
        answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\na"), timeout=60)
        assert answer.startswith(b"HTTP/1.1 200")
        writer.close()
        await writer.wait_closed()
