"""All routes of the API. Each resource stands behind the same door: a token comes first."""

from collections.abc import Awaitable, Callable, Mapping
from functools import cache, partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from controller.web.api import (
    actions,
    adoptions,
    decisions,
    drills,
    events,
    evidence,
    findings,
    forecasts,
    gates,
    health,
    metrics,
    overview,
    promotions,
    releases,
    requests,
    retention,
    secrets,
    stages,
    tree,
    units,
)
from controller.web.api.answers import json_answer
from controller.web.api.description import describe
from controller.web.api.endpoints import Endpoint, Order
from controller.web.api.webhooks import SENDERS, Webhooks
from controller.web.site import Site

RESOURCES = (
    drills,
    forecasts,
    overview,
    tree,
    units,
    stages,
    secrets,
    requests,
    releases,
    findings,
    events,
    decisions,
    evidence,
    gates,
    promotions,
    retention,
)


ORDERS = {
    "/api/actions/{action}": Order(actions.answer, actions.KEYS),
    "/api/drills": Order(drills.answer, drills.KEYS),
    "/api/adoptions": Order(adoptions.answer, adoptions.KEYS),
    "/api/requests": Order(requests.ask, requests.KEYS),
    "/api/requests/{request}/fetch": Order(requests.fetch),
    "/api/capacity-proposals": Order(forecasts.propose, forecasts.KEYS),
}


def routes(site: Site) -> list[Route]:
    """Give the routes of the API, of the webhooks, and of the probes."""
    webhooks = Webhooks(site)
    endpoints = dict(item for each in RESOURCES for item in each.endpoints(site).items())
    describe_once = cache(partial(describe, endpoints, ORDERS))

    async def description(_request: Request) -> Mapping[str, object]:
        return describe_once()

    reading = {**endpoints, "/api/openapi.json": description}
    return [
        *(Route(path, _behind_door(site, each), methods=["GET"]) for path, each in reading.items()),
        *(Route(path, _done(site, order), methods=["POST"]) for path, order in ORDERS.items()),
        *(
            Route(f"/webhooks/{sender}", partial(webhooks.answer, sender), methods=["POST"])
            for sender in SENDERS
        ),
        Route("/metrics", partial(metrics.answer, site), methods=["GET"]),
        Route("/healthz", health.answer, methods=["GET"]),
    ]


def _behind_door(site: Site, endpoint: Endpoint) -> Endpoint:
    async def answer(request: Request) -> Response:
        site.bearer(request)
        value = await endpoint(request)
        return value if isinstance(value, Response) else json_answer(value)

    return answer


def _done(site: Site, order: Order) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        done = await order.answer(site, request)
        return json_answer(done.value, done.status)

    return answer
