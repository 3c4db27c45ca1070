"""`/api/units`: stacks in environments."""

from starlette.requests import Request

from controller.web import reading
from controller.web.api.endpoints import Endpoints
from controller.web.site import Site


def endpoints(site: Site) -> Endpoints:
    """Give the endpoints of units."""

    async def units(request: Request) -> object:
        return await site.app.units(
            reading.word(request, "stage", reading.STAGE, "product/environment")
        )

    async def unit(request: Request) -> object:
        return await site.app.unit(reading.name(request, "product", "environment", "stack"))

    async def states(request: Request) -> object:
        return await site.app.states(reading.name(request, "product", "environment", "stack"))

    return {
        "/api/units": units,
        "/api/units/{product}/{environment}/{stack}": unit,
        "/api/units/{product}/{environment}/{stack}/states": states,
    }
