"""`/api/events`: the log."""

from collections.abc import Sequence

from starlette.requests import Request

from controller.model.view import EventView
from controller.web import reading
from controller.web.api.endpoints import Endpoints
from controller.web.site import Site


def endpoints(site: Site) -> Endpoints:
    """Give the endpoints of events."""

    async def events(request: Request) -> Sequence[EventView]:
        """Give events, the oldest first."""
        return await site.app.events(
            subject=reading.word(
                request, "subject", reading.EVENT_SUBJECT, "stage:product/environment"
            ),
            after=reading.number(request, "after", 0, most=reading.LARGEST),
            limit=reading.number(request, "limit", 200, most=reading.MOST_EVENTS),
        )

    return {"/api/events": events}
