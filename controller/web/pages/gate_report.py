"""`/gates/{digest}`: the report of a gate's answer, which is a whole page of its own."""

from starlette.requests import Request
from starlette.responses import Response

from controller.web import reading
from controller.web.site import Site


async def page(site: Site, request: Request) -> Response:
    """Show the report of the answer with this evidence. Raises NotFound."""
    content, policy = await site.app.gates.report(reading.digest(request))
    # Its one style is allowed by its digest; pictures are inside.
    headers = {"Content-Security-Policy": f"{policy}; frame-ancestors 'none'; base-uri 'none'"}
    return Response(content, media_type="text/html", headers=headers)
