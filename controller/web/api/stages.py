"""`/api/stages`: products in environments."""

from collections.abc import Sequence

from starlette.requests import Request

from controller.model.view import StageView
from controller.web import reading
from controller.web.api.endpoints import Endpoints
from controller.web.site import Site


def endpoints(site: Site) -> Endpoints:
    """Give the endpoints of stages."""

    async def stages(_request: Request) -> Sequence[StageView]:
        """Give all stages."""
        return await site.app.stages()

    async def stage(request: Request) -> StageView:
        """Give one stage."""
        return await site.app.stage(reading.name(request, "product", "environment"))

    return {"/api/stages": stages, "/api/stages/{product}/{environment}": stage}
