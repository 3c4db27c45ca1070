"""`/requests`: who asks for which secret or credential; one request, with what may be done."""

from starlette.requests import Request
from starlette.responses import Response

from controller.web import reading
from controller.web.contexts import RequestPage, RequestsPage
from controller.web.pages.framing import frame
from controller.web.rendering import render
from controller.web.site import Site

SHOWN_EVENTS = 50


async def page(site: Site, request: Request) -> Response:
    """Show all requests: those that are open first, then the newest."""
    found = sorted(await site.app.requests.all(), key=lambda one: not one.is_open)
    return render("requests.html", RequestsPage(frame(site, request, "Requests"), found))


async def one(site: Site, request: Request) -> Response:
    """Show one request. Raises NotFound."""
    shown = await site.app.requests.one(reading.name(request, "request"))
    events = await site.app.events(subject=f"issue:{shown.id}", limit=SHOWN_EVENTS)
    around = frame(site, request, shown.id)
    is_mine = around.caller in {shown.who, shown.asked_by}
    return render("request.html", RequestPage(around, shown, tuple(reversed(events)), is_mine))
