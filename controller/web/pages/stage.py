"""`/stages/{product}/{environment}`: all that is known of a stage."""

from starlette.requests import Request
from starlette.responses import Response

from controller.web import reading
from controller.web.contexts import StagePage
from controller.web.pages.framing import frame
from controller.web.rendering import render
from controller.web.site import Site

SHOWN_RELEASES = 20
SHOWN_EVENTS = 20


async def page(site: Site, request: Request) -> Response:
    """Show a stage with its units, gates, secrets and releases. Raises NotFound."""
    name = reading.name(request, "product", "environment")
    stage = await site.app.stage(name)
    units = await site.app.units(name)
    secrets = [one for one in await site.app.secrets() if one.name.startswith(f"{name}/")]
    releases = await site.app.releases(stage.product)
    events = await site.app.events(subject=f"stage:{name}", limit=SHOWN_EVENTS)
    context = StagePage(
        frame=frame(site, request, name),
        stage=stage,
        units=units,
        secrets=secrets,
        releases=releases[:SHOWN_RELEASES],
        events=tuple(reversed(events)),
    )
    return render("stage.html", context)
