"""`/api/evidence`: what decisions rest on, as it was stored."""

from starlette.requests import Request
from starlette.responses import Response

from controller.web import reading
from controller.web.api.answers import stored_json
from controller.web.api.endpoints import Endpoints
from controller.web.refusals import RequestWrong
from controller.web.site import Site


def endpoints(site: Site) -> Endpoints:
    """Give the endpoints of evidence."""

    async def evidence(request: Request) -> Response:
        """Give a stored piece of evidence."""
        digest = reading.digest(request)
        answer = stored_json(await site.app.evidence(digest))
        if answer is None:
            raise RequestWrong.because(f"`{digest}` is no evidence that is shown")
        return answer

    return {"/api/evidence/{digest}": evidence}
