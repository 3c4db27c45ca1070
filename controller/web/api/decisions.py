"""`/api/decisions`: why a promotion was, or was not, made."""

from starlette.requests import Request

from controller.web import reading
from controller.web.api.endpoints import Endpoints
from controller.web.site import Site


def endpoints(site: Site) -> Endpoints:
    """Give the endpoints of decisions."""

    async def decision(request: Request) -> object:
        return await site.app.decision(reading.digest(request))

    return {"/api/decisions/{digest}": decision}
