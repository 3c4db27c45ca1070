"""`/api/requests`: who asks for which secret or credential, and what becomes of it."""

import json
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from controller.model.issuance import RequestView
from controller.web import reading
from controller.web.api.actions import read_body
from controller.web.api.answers import json_answer
from controller.web.api.endpoints import Endpoints
from controller.web.site import Site

KEYS = frozenset({"what", "who", "ttl", "reason", "user", "public_key", "common_name"})


def endpoints(site: Site) -> Endpoints:
    """Give the endpoints of requests."""

    async def requests(request: Request) -> Sequence[RequestView]:
        """Give requests for credentials."""
        return await site.app.requests.all(is_open=request.query_params.get("open") == "yes")

    async def one(request: Request) -> RequestView:
        """Give one request."""
        return await site.app.requests.one(reading.name(request, "request"))

    return {"/api/requests": requests, "/api/requests/{request}": one}


async def ask(site: Site, request: Request) -> Response:
    """Make a request for a recognised caller. Raises NotRecognised, RequestWrong, the App's."""
    caller = site.bearer(request)
    return json_answer(await site.app.requests.ask(caller, await read_body(request, KEYS)), 201)


async def fetch(site: Site, request: Request) -> Response:
    """Hand over a one-time token: the only answer of the API that carries one.

    What it opens never comes here: the store wrapped it.
    """
    caller = site.bearer(request)
    handed = await site.app.requests.fetch(caller, reading.name(request, "request"))
    answer = {
        "id": handed.id,
        "token": handed.wrapped.token.reveal(),
        "creation_path": handed.wrapped.path,
        "address": handed.counter.address,
        "authority": handed.counter.authority,
        "namespace": handed.counter.namespace,
        "unwrap_by": handed.wrap_ends.isoformat(),
        "ends_at": handed.ends_at.isoformat(),
    }
    return Response(json.dumps(answer), 201, media_type="application/json")
