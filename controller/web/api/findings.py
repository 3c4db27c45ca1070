"""`/api/findings`: what somebody should look at."""

from starlette.requests import Request

from controller.web.api.endpoints import Endpoints
from controller.web.site import Site


def endpoints(site: Site) -> Endpoints:
    """Give the endpoints of findings."""

    async def findings(_request: Request) -> object:
        return await site.app.findings()

    return {"/api/findings": findings}
