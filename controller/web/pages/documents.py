"""Decisions and evidence as they were stored, for who looks at pages."""

from starlette.requests import Request
from starlette.responses import Response

from controller.model import canonical
from controller.web import reading
from controller.web.api.answers import stored_json
from controller.web.refusals import RequestWrong
from controller.web.site import Site


async def decision(site: Site, request: Request) -> Response:
    """Give a decision record, letter by letter as its seal is of it. Raises NotFound."""
    text = canonical.write(await site.app.decision(reading.digest(request)))
    return Response(text, media_type="application/json")


async def evidence(site: Site, request: Request) -> Response:
    """Give a piece of evidence. Raises NotFound, RequestWrong."""
    answer = stored_json(await site.app.evidence(reading.digest(request)))
    if answer is None:
        raise RequestWrong.because("this is stored, but it is no evidence that is shown")
    return answer
