"""`/api/retention`: what nobody needs any more, and what uses the disk."""

from collections.abc import Mapping

from starlette.requests import Request

from controller.model.retention import Cleaning
from controller.web.api.endpoints import Endpoints
from controller.web.site import Site


def endpoints(site: Site) -> Endpoints:
    """Give the endpoints of what is kept: the last clean-up, and what one would do now."""

    async def last(_request: Request) -> Cleaning | Mapping[str, object]:
        """Give what the last clean-up took away; empty before it."""
        return await site.app.keeping.last() or {}

    async def preview(_request: Request) -> Cleaning:
        """Give what a clean-up would take away now."""
        return await site.app.keeping.preview()

    return {"/api/retention": last, "/api/retention/preview": preview}
