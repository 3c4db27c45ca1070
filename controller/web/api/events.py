"""`/api/events`: the log."""

from starlette.requests import Request

from controller.web import reading
from controller.web.api.endpoints import Endpoints
from controller.web.site import Site


def endpoints(site: Site) -> Endpoints:
    """Give the endpoints of events."""

    async def events(request: Request) -> object:
        return await site.app.events(
            subject=reading.word(
                request, "subject", reading.EVENT_SUBJECT, "stage:product/environment"
            ),
            after=reading.number(request, "after", 0, most=reading.LARGEST),
            limit=reading.number(request, "limit", 200, most=reading.MOST_EVENTS),
        )

    return {"/api/events": events}
