"""All routes of the API. Each resource stands behind the same door: a token comes first."""

from functools import partial

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
    units,
)
from controller.web.api.answers import json_answer
from controller.web.api.endpoints import Endpoint
from controller.web.api.webhooks import SENDERS, Webhooks
from controller.web.site import Site

RESOURCES = (
    drills,
    forecasts,
    overview,
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


def routes(site: Site) -> list[Route]:
    """Give the routes of the API, of the webhooks, and of the probes."""
    webhooks = Webhooks(site)

    async def act(request: Request) -> Response:
        return await actions.answer(site, request)

    async def adopt(request: Request) -> Response:
        return await adoptions.answer(site, request)

    async def drill(request: Request) -> Response:
        return await drills.answer(site, request)

    async def ask(request: Request) -> Response:
        return await requests.ask(site, request)

    async def fetch(request: Request) -> Response:
        return await requests.fetch(site, request)

    async def propose(request: Request) -> Response:
        return await forecasts.propose(site, request)

    async def measure(request: Request) -> Response:
        return await metrics.answer(site, request)

    found = [
        Route(path, _behind_door(site, endpoint), methods=["GET"])
        for resource in RESOURCES
        for path, endpoint in resource.endpoints(site).items()
    ]
    return [
        *found,
        Route("/api/actions/{action}", act, methods=["POST"]),
        Route("/api/drills", drill, methods=["POST"]),
        Route("/api/adoptions", adopt, methods=["POST"]),
        Route("/api/requests", ask, methods=["POST"]),
        Route("/api/requests/{request}/fetch", fetch, methods=["POST"]),
        Route("/api/capacity-proposals", propose, methods=["POST"]),
        *(
            Route(f"/webhooks/{sender}", partial(webhooks.answer, sender), methods=["POST"])
            for sender in SENDERS
        ),
        Route("/metrics", measure, methods=["GET"]),
        Route("/healthz", health.answer, methods=["GET"]),
    ]


def _behind_door(site: Site, endpoint: Endpoint) -> "Endpoint":
    async def answer(request: Request) -> Response:
        site.bearer(request)
        value = await endpoint(request)
        return value if isinstance(value, Response) else json_answer(value)

    return answer
