"""What every request passes: known host, bounded body, security headers, no details of failures."""

import logging
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from controller.model import address

BODY_LIMIT = 64 * 1024
WEBHOOK_LIMIT = 1024 * 1024
"""In bytes: a push of many commits is told at length."""
LOG = logging.getLogger("trueup.web")

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not `no-referrer`: with it a browser sends `Origin: null` with our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}


class Guard:
    """Wraps the application."""

    def __init__(
        self, app: ASGIApp, *, hosts: Iterable[str], on_failure: Callable[[Scope], Response]
    ) -> None:
        self._app = app
        self._hosts = frozenset(host.lower().rstrip(".") for host in hosts)
        self._on_failure = on_failure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let the application answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                _add_headers(message)
            await send(message)

        try:
            await self._answer(scope, receive, send_guarded)
        except Exception:
            LOG.exception("%s %r failed", scope["method"], scope["path"])
            if started:
                raise
            await self._on_failure(scope)(scope, receive, send_guarded)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] != "/healthz" and not self._knows_host(scope):
            refusal = JSONResponse(
                {
                    "code": "web/host-not-known",
                    "message": "this controller does not answer under that name",
                    "hint": "ask by a loopback address, or name the host in the settings",
                    "kind": "stalled",
                },
                400,
            )
            await refusal(scope, receive, send)
            return
        limit = WEBHOOK_LIMIT if scope["path"].startswith("/webhooks/") else BODY_LIMIT
        body = await _read(scope, receive, limit)
        if body is None:
            refusal = JSONResponse(
                {
                    "code": "web/too-large",
                    "message": f"the body is larger than {limit} bytes",
                    "hint": "",
                    "kind": "stalled",
                },
                413,
                headers={"Connection": "close"},
            )
            await refusal(scope, receive, send)
            return
        await self._app(scope, _replay(body, receive), send)

    def _knows_host(self, scope: Scope) -> bool:
        """Refuse names that we were not given: another site's name may be made to point here."""
        found = Headers(scope=scope).getlist("host")
        return len(found) == 1 and (is_loopback(found[0]) or host_name(found[0]) in self._hosts)


def host_name(host: str) -> str:
    """Give the name of a `Host` header without its port."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower().rstrip(".")


def is_loopback(host: str) -> bool:
    """Tell whether a `Host` header, or an address, names this machine for itself."""
    name = host_name(host) if host.count(":") < 2 or host.startswith("[") else host  # noqa: PLR2004 - more is IPv6
    return address.is_loopback(name)


def _add_headers(message: MutableMapping[str, Any]) -> None:
    headers = MutableHeaders(scope=message)
    for name, value in HEADERS.items():
        headers.setdefault(name, value)


async def _read(scope: Scope, receive: Receive, limit: int) -> bytes | None:
    """Read the whole body; None when it is larger than allowed."""
    told = Headers(scope=scope).get("content-length", "0")
    if not told.isdecimal() or len(told) > len("0000000") or int(told) > limit:
        return None
    body: bytes = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return body
        body += message.get("body", b"")
        if len(body) > limit:
            return None
        if not message.get("more_body", False):
            return body


def _replay(body: bytes, receive: Receive) -> Callable[[], Awaitable[Message]]:
    given = False

    async def replayed() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed
