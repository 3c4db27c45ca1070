"""`/findings`: what somebody should look at."""

from starlette.requests import Request
from starlette.responses import Response

from controller.web.contexts import FindingsPage
from controller.web.pages.framing import frame
from controller.web.rendering import render
from controller.web.site import Site


async def page(site: Site, request: Request) -> Response:
    """Show all findings, errors first."""
    findings = sorted(
        await site.app.findings(), key=lambda found: (found.severity != "error", found.place)
    )
    return render("findings.html", FindingsPage(frame(site, request, "Findings"), findings))
