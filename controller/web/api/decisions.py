"""`/api/decisions`: why a promotion was, or was not, made, and whether its record still stands."""

from dataclasses import asdict

from starlette.requests import Request

from controller.web import reading
from controller.web.api.endpoints import Endpoints
from controller.web.site import Site


def endpoints(site: Site) -> Endpoints:
    """Give the endpoints of decisions."""

    async def decisions(request: Request) -> object:
        stage = reading.word(request, "stage", reading.STAGE, "shop/dev")
        return await site.app.decisions.all(stage)

    async def decision(request: Request) -> object:
        return await site.app.decision(reading.digest(request))

    async def verification(request: Request) -> object:
        return asdict(await site.app.decisions.verify(reading.digest(request)))

    async def bundle(request: Request) -> object:
        return await site.app.decisions.bundle(reading.digest(request))

    async def keys(request: Request) -> object:
        del request
        return {"keys": tuple(site.app.decisions.keys)}

    return {
        "/api/decisions": decisions,
        "/api/decisions/{digest}": decision,
        "/api/decisions/{digest}/bundle": bundle,
        "/api/decisions/{digest}/verification": verification,
        "/api/decision-keys": keys,
    }
