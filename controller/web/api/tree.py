"""`/api/tree`: what there is, and what hangs on what."""

from collections.abc import Sequence

from starlette.requests import Request

from controller.model.tree_view import ProductNode
from controller.web.api.endpoints import Endpoints
from controller.web.site import Site


def endpoints(site: Site) -> Endpoints:
    """Give the endpoints of the tree."""

    async def tree(request: Request) -> Sequence[ProductNode]:
        """Give products with stages, units and secrets, and what each needs."""
        return await site.app.tree(request.query_params.get("product", ""))

    return {"/api/tree": tree}
