"""`/api/findings`: what somebody should look at."""

from collections.abc import Sequence

from starlette.requests import Request

from controller.model.view import FindingView
from controller.web.api.endpoints import Endpoints
from controller.web.site import Site


def endpoints(site: Site) -> Endpoints:
    """Give the endpoints of findings."""

    async def findings(_request: Request) -> Sequence[FindingView]:
        """Give what somebody should look at."""
        return await site.app.findings()

    return {"/api/findings": findings}
