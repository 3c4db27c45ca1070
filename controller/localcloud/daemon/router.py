"""Passes connections from a service's stable front port on to its healthy replicas.

It works on bytes, with one piece of knowledge: when a replica is being drained, a request line
that comes after an answer begins a new HTTP request, and may go to another replica. So a client
that keeps its connection open notices nothing of an update.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import cast

from controller.localcloud.daemon.ports import HOST
from controller.localcloud.errors import CloudError

_BACKLOG = 1024
_DIAL_SECONDS = 5.0
_REQUEST_LINE = re.compile(rb"[A-Z]{3,16} [^ \r\n]{1,8192} HTTP/1\.[01]\r\n")


class Target:
    """One replica as the router sees it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.is_healthy = False
        self.is_draining = False
        self.links: set[Link] = set()
        self.is_idle = asyncio.Event()
        self.is_idle.set()

    def add(self, link: Link) -> None:
        """Note that a connection goes to this replica."""
        self.links.add(link)
        self.is_idle.clear()

    def discard(self, link: Link) -> None:
        """Note that a connection no longer goes to this replica."""
        self.links.discard(link)
        if not self.links:
            self.is_idle.set()


class Router:
    """Listens on one front port. `targets` may be replaced at any time."""

    def __init__(self) -> None:
        self.port: int | None = None
        self.targets: Sequence[Target] = ()
        self._server: asyncio.Server | None = None
        self._links: set[Link] = set()
        self._turn = 0

    @property
    def is_open(self) -> bool:
        """Say whether it listens."""
        return self._server is not None

    async def open(self, port: int) -> None:
        """Listen on this port, and no longer on another; raises `CloudError` if it is taken."""
        if self._server is not None and self.port == port:
            return
        try:
            server = await asyncio.get_running_loop().create_server(
                lambda: _as_protocol(_Client(self)), HOST, port, backlog=_BACKLOG
            )
        except OSError as error:
            raise CloudError(
                f"port {port} is used by another program: {error.strerror}",
                hint="leave `port` out to be given a free one",
                attribute=("port",),
            ) from error
        if self._server is not None:
            self._server.close()
        self._server, self.port = server, port

    def close(self) -> None:
        """Stop to listen, and cut what is connected."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for link in tuple(self._links):
            link.close()

    def choose(self, tried: Sequence[Target]) -> Target | None:
        """Give the healthy replica with the fewest connections; a doubtful one if none is."""
        open_targets = [each for each in self.targets if each not in tried]
        healthy = [each for each in open_targets if each.is_healthy]
        candidates = healthy or open_targets
        if not candidates:
            return None
        # Each search begins with another one, so that equals take turns.
        self._turn = (self._turn + 1) % len(candidates)
        in_turn = [*candidates[self._turn :], *candidates[: self._turn]]
        return min(in_turn, key=lambda each: len(each.links))

    def add(self, link: Link) -> None:
        """Note a connection."""
        self._links.add(link)

    def discard(self, link: Link) -> None:
        """Forget a connection."""
        self._links.discard(link)


class Link:
    """One client's connection, and the one to the replica that answers it."""

    def __init__(self, router: Router, client: asyncio.Transport) -> None:
        self._router = router
        self._client = client
        self._upstream: asyncio.Transport | None = None
        self._target: Target | None = None
        self._pending: list[bytes] = []
        self._is_answered = True
        self._dialing: asyncio.Task[None] | None = None
        router.add(self)
        self._dial()

    def _dial(self) -> None:
        self._client.pause_reading()
        self._dialing = asyncio.get_running_loop().create_task(self._connect())

    async def _connect(self) -> None:
        tried: list[Target] = []
        while (target := self._router.choose(tried)) is not None:
            tried.append(target)
            target.add(self)
            self._target = target
            try:
                async with asyncio.timeout(_DIAL_SECONDS):
                    await asyncio.get_running_loop().create_connection(
                        lambda: _as_protocol(_Upstream(self)), HOST, target.port
                    )
            except (OSError, TimeoutError):
                target.discard(self)
                continue
            self._resume()
            return
        self.close()

    def _resume(self) -> None:
        if self._upstream is None or self._client.is_closing():
            self.close()
            return
        for data in self._pending:
            self._upstream.write(data)
        self._pending.clear()
        self._client.resume_reading()

    def upstream_made(self, transport: asyncio.Transport) -> None:
        """The replica has accepted."""
        self._upstream = transport

    def from_client(self, data: bytes) -> None:
        """Pass on, to a new replica if this is a new request and the old one is being drained."""
        is_moving = (
            self._target is not None
            and self._target.is_draining
            and self._is_answered
            and _REQUEST_LINE.match(data) is not None
        )
        self._is_answered = False
        if is_moving:
            self._leave()
            self._pending.append(data)
            self._dial()
        elif self._upstream is None:  # asyncio before 3.11.3 reads on after a pause this early
            self._pending.append(data)
        else:
            self._upstream.write(data)

    def _leave(self) -> None:
        if self._target is not None:
            self._target.discard(self)
            self._target = None
        upstream, self._upstream = self._upstream, None
        if upstream is not None:
            upstream.close()

    def from_upstream(self, sender: asyncio.Transport, data: bytes) -> None:
        """Pass an answer on."""
        if sender is self._upstream and not self._client.is_closing():
            self._is_answered = True
            self._client.write(data)

    def client_ended(self) -> None:
        """The client will send no more."""
        if self._upstream is not None and self._upstream.can_write_eof():
            self._upstream.write_eof()

    def hold_client(self, *, is_held: bool) -> None:
        """Read no more from the client while the replica is slow to take it."""
        if self._client.is_closing() or self._upstream is None:
            return
        if is_held:
            self._client.pause_reading()
        else:
            self._client.resume_reading()

    def hold_upstream(self, *, is_held: bool) -> None:
        """Read no more from the replica while the client is slow to take it."""
        if self._upstream is None or self._upstream.is_closing():
            return
        if is_held:
            self._upstream.pause_reading()
        else:
            self._upstream.resume_reading()

    def upstream_lost(self, sender: asyncio.Transport) -> None:
        """The replica's connection is gone."""
        if sender is self._upstream:
            self.close()

    def close(self) -> None:
        """End both connections; what was already taken is still delivered."""
        self._leave()
        self._client.close()
        self._router.discard(self)


def _as_protocol(side: _Client | _Upstream) -> asyncio.BaseProtocol:
    """Hand asyncio what it calls a protocol: it asks for the methods, not for the class."""
    return cast("asyncio.BaseProtocol", side)


class _Client:
    """The side of the link that the client is on."""

    def __init__(self, router: Router) -> None:
        self._router = router
        self._link: Link | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._link = Link(self._router, transport)

    def data_received(self, data: bytes) -> None:
        if self._link is not None:
            self._link.from_client(data)

    def eof_received(self) -> bool:
        if self._link is not None:
            self._link.client_ended()
        return True

    def pause_writing(self) -> None:
        if self._link is not None:
            self._link.hold_upstream(is_held=True)

    def resume_writing(self) -> None:
        if self._link is not None:
            self._link.hold_upstream(is_held=False)

    def connection_lost(self, _error: Exception | None) -> None:
        if self._link is not None:
            self._link.close()


class _Upstream:
    """The side of the link that the replica is on."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._transport = transport
            self._link.upstream_made(transport)

    def data_received(self, data: bytes) -> None:
        if self._transport is not None:
            self._link.from_upstream(self._transport, data)

    def eof_received(self) -> bool:
        return False

    def pause_writing(self) -> None:
        self._link.hold_client(is_held=True)

    def resume_writing(self) -> None:
        self._link.hold_client(is_held=False)

    def connection_lost(self, _error: Exception | None) -> None:
        if self._transport is not None:
            self._link.upstream_lost(self._transport)
