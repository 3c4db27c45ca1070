"""`/api/secrets`: what was delivered where; never a value."""

from collections.abc import Sequence

from starlette.requests import Request

from controller.model.view import SecretView
from controller.web.api.endpoints import Endpoints
from controller.web.site import Site


def endpoints(site: Site) -> Endpoints:
    """Give the endpoints of secrets."""

    async def secrets(_request: Request) -> Sequence[SecretView]:
        """Give secrets, never a value."""
        return await site.app.secrets()

    return {"/api/secrets": secrets}
