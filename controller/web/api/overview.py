"""`/api/overview`: everything at a glance."""

from starlette.requests import Request

from controller.model.view import Overview
from controller.web.api.endpoints import Endpoints
from controller.web.site import Site


def endpoints(site: Site) -> Endpoints:
    """Give the endpoints of the overview."""

    async def overview(_request: Request) -> Overview:
        """Give products with their stages."""
        return await site.app.overview()

    return {"/api/overview": overview}
