"""`/api/requests`: who asks for which secret or credential, and what becomes of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from starlette.requests import Request

from controller.model.issuance import RequestView
from controller.web import reading
from controller.web.api.actions import read_body
from controller.web.api.endpoints import Answered, Endpoints
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


@dataclass(frozen=True)
class OneTimeToken:
    """What opens a wrapped secret once, and where."""

    id: str
    token: str = field(repr=False)
    creation_path: str
    address: str
    authority: str
    namespace: str
    unwrap_by: str
    ends_at: str


async def ask(site: Site, request: Request) -> Answered[RequestView]:
    """Make a request for a recognised caller. Raises NotRecognised, RequestWrong, the App's."""
    caller = site.bearer(request)
    return Answered(await site.app.requests.ask(caller, await read_body(request, KEYS)), 201)


async def fetch(site: Site, request: Request) -> Answered[OneTimeToken]:
    """Hand over a one-time token: the only answer of the API that carries one.

    What it opens never comes here: the store wrapped it.
    """
    caller = site.bearer(request)
    handed = await site.app.requests.fetch(caller, reading.name(request, "request"))
    given = OneTimeToken(
        id=handed.id,
        token=handed.wrapped.token.reveal(),
        creation_path=handed.wrapped.path,
        address=handed.counter.address,
        authority=handed.counter.authority,
        namespace=handed.counter.namespace,
        unwrap_by=handed.wrap_ends.isoformat(),
        ends_at=handed.ends_at.isoformat(),
    )
    return Answered(given, 201)
