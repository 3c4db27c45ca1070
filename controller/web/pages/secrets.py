"""`/secrets`: all secrets, whose they are, how old, who reads them, where else they lie."""

from starlette.requests import Request
from starlette.responses import Response

from controller.web.contexts import SecretsPage
from controller.web.pages.framing import frame
from controller.web.rendering import render
from controller.web.site import Site


async def page(site: Site, request: Request) -> Response:
    """Show all secrets, those with findings first; never a value."""
    secrets = sorted(await site.app.secrets(), key=lambda one: (not one.findings, one.name))
    return render("secrets.html", SecretsPage(frame(site, request, "Secrets"), secrets))
