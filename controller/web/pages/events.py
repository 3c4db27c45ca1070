"""`/events`: the log, the newest first."""

from starlette.requests import Request
from starlette.responses import Response

from controller.web import reading
from controller.web.contexts import EventsPage
from controller.web.pages.framing import frame
from controller.web.rendering import render
from controller.web.site import Site

SHOWN = 100


async def page(site: Site, request: Request) -> Response:
    """Show events, of one subject or of all. Raises RequestWrong."""
    subject = reading.word(request, "subject", reading.EVENT_SUBJECT, "stage:product/environment")
    after = reading.number(request, "after", 0, most=reading.LARGEST)
    is_latest = "after" not in request.query_params
    if not is_latest and after == 0:
        after = -1  # to the App 0 is the newest; this is the very beginning
    events = await site.app.events(subject=subject, after=after, limit=SHOWN)
    first = events[0].number if events else 0
    older = max(first - SHOWN - 1, 0) if first > 1 and subject is None else None
    context = EventsPage(
        frame=frame(site, request, "Events"),
        events=tuple(reversed(events)),
        subject=subject or "",
        older=older,
        is_latest=is_latest,
    )
    return render("events.html", context)
