"""Prometheus as a source of numbers, through its HTTP API: `/api/v1/query_range`.

Numbers come as texts there, with `NaN` and `+Inf` among them. An answer is read up to a limit, and
no redirect is followed: where a query goes stands in the document, and nowhere else.
"""

import asyncio
import json
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import httpx

from controller.diagnostics.errors import Stalled, Transient
from controller.ports.metric_source import Point, RangeQuery
from controller.tls import trust_for

SECONDS = 10.0
TRIES = 3
LARGEST = 4 * 1024 * 1024


class PrometheusMetricSource:
    """Asks Prometheus on this machine, and elsewhere only where it is allowed."""

    def __init__(self, *, remote: bool = False, pause: float = 1.0) -> None:
        """Take how long to wait before an unanswered question is asked again."""
        self._remote = remote
        self._pause = pause

    async def read(self, query: RangeQuery) -> tuple[tuple[Point, ...], ...]:
        """Ask; see the port for what it raises."""
        if not _is_allowed(query.url, remote=self._remote):
            raise Stalled.because(
                f"the Prometheus at `{query.url}` is not this machine",
                hint="set `remote_load_targets: true` in the controller's settings to allow it",
                code="gate/target-not-allowed",
            )
        last = ""
        for number in range(TRIES):
            if number:
                await asyncio.sleep(self._pause)
            try:
                return await self._ask(query)
            except httpx.HTTPError as error:
                last = f"{type(error).__name__}: {error}"
        raise Transient.because(
            f"the Prometheus at `{query.url}` does not answer: {last}",
            code="gate/metrics-not-answering",
        )

    async def _ask(self, query: RangeQuery) -> tuple[tuple[Point, ...], ...]:
        told = {
            "query": query.query,
            "start": f"{query.start:.3f}",
            "end": f"{query.end:.3f}",
            "step": f"{query.step:.3f}",
        }
        url = f"{query.url.rstrip('/')}/api/v1/query_range"
        content = bytearray()
        async with (
            httpx.AsyncClient(
                timeout=SECONDS,
                trust_env=self._remote,
                verify=trust_for(url, trust_env=self._remote),
            ) as client,
            client.stream("POST", url, data=told) as answer,
        ):
            async for piece in answer.aiter_bytes():
                content += piece
                if len(content) > LARGEST:
                    raise _refused(query, "the answer is too large")
            if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
                answer.raise_for_status()
            return _series(query, answer.status_code, bytes(content))


def _series(query: RangeQuery, status: int, content: bytes) -> tuple[tuple[Point, ...], ...]:
    try:
        told: Any = json.loads(content)
        if status != httpx.codes.OK or told["status"] != "success":
            raise _refused(query, str(told.get("error", f"HTTP {status}"))[:500])
        if told["data"]["resultType"] != "matrix":
            raise _refused(query, f"a {told['data']['resultType']} came back, no series")
        return tuple(
            tuple((float(at), float(value)) for at, value in one["values"])
            for one in told["data"]["result"]
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _refused(query, f"HTTP {status} without an answer that can be read") from None


def _refused(query: RangeQuery, why: str) -> Stalled:
    return Stalled.because(
        f"the Prometheus at `{query.url}` refuses the query: {why}",
        hint=f"ask it by hand: {query.query}",
        code="gate/query-refused",
    )


def _is_allowed(address: str, *, remote: bool) -> bool:
    """Tell whether an address may be asked, without asking a name server."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(host) and (remote or _is_here(host))


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
