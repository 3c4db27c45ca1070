"""`/api/units`: stacks in environments."""

from collections.abc import Sequence

from starlette.requests import Request

from controller.model.state import KeptState
from controller.model.view import UnitView
from controller.web import reading
from controller.web.api.endpoints import Endpoints
from controller.web.site import Site


def endpoints(site: Site) -> Endpoints:
    """Give the endpoints of units."""

    async def units(request: Request) -> Sequence[UnitView]:
        """Give units: stacks in environments."""
        return await site.app.units(
            reading.word(request, "stage", reading.STAGE, "product/environment")
        )

    async def unit(request: Request) -> UnitView:
        """Give one unit."""
        return await site.app.unit(reading.name(request, "product", "environment", "stack"))

    async def states(request: Request) -> Sequence[KeptState]:
        """Give the kept states of a unit, without what is in them."""
        return await site.app.states(reading.name(request, "product", "environment", "stack"))

    return {
        "/api/units": units,
        "/api/units/{product}/{environment}/{stack}": unit,
        "/api/units/{product}/{environment}/{stack}/states": states,
    }
