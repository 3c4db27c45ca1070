"""`/api/releases`: what could be promoted."""

from collections.abc import Sequence

from starlette.requests import Request

from controller.model.view import ReleaseView
from controller.web import reading
from controller.web.api.endpoints import Endpoints
from controller.web.site import Site


def endpoints(site: Site) -> Endpoints:
    """Give the endpoints of releases."""

    async def releases(request: Request) -> Sequence[ReleaseView]:
        """Give releases, the newest first."""
        return await site.app.releases(reading.word(request, "product", reading.PRODUCT, "shop"))

    return {"/api/releases": releases}
