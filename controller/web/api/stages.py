"""`/api/stages`: products in environments."""

from starlette.requests import Request

from controller.web import reading
from controller.web.api.endpoints import Endpoints
from controller.web.site import Site


def endpoints(site: Site) -> Endpoints:
    """Give the endpoints of stages."""

    async def stages(_request: Request) -> object:
        return await site.app.stages()

    async def stage(request: Request) -> object:
        return await site.app.stage(reading.name(request, "product", "environment"))

    return {"/api/stages": stages, "/api/stages/{product}/{environment}": stage}
