"""`/stages/{product}/{environment}/history`: every decision about a stage."""

from starlette.requests import Request
from starlette.responses import Response

from controller.web import reading
from controller.web.contexts import HistoryPage
from controller.web.pages.framing import frame
from controller.web.rendering import render
from controller.web.site import Site

SHOWN = 200


async def page(site: Site, request: Request) -> Response:
    """Show the newest decisions, and how the record of each stands. Raises NotFound."""
    name = reading.name(request, "product", "environment")
    moves = await site.app.promotions.history(name)
    around = frame(site, request, f"Decisions about {name}")
    return render("history.html", HistoryPage(around, name, moves[:SHOWN], len(moves)))
