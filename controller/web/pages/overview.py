"""`/`: products and environments at a glance."""

from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from controller.model.retention import Cleaning
from controller.web.contexts import OverviewPage
from controller.web.pages.framing import frame
from controller.web.rendering import render
from controller.web.site import Site

SECONDS = 5
SHOWN_FINDINGS = 6
SHOWN_EVENTS = 12
SHOWN_FOLDERS = 4
STALE = timedelta(minutes=5)
"""A repository that was not reached for so long is shown as a fault."""


async def page(site: Site, request: Request) -> Response:
    """Show everything on one page."""
    overview = await site.app.overview()
    findings = await site.app.findings()
    events = await site.app.events(limit=SHOWN_EVENTS)
    refresh = 0 if request.query_params.get("refresh") == "off" else SECONDS
    fetched_at = datetime.fromisoformat(overview.fetched_at) if overview.fetched_at else None
    context = OverviewPage(
        frame=frame(site, request, "Overview", refresh=refresh),
        revision=overview.revision,
        fetched_at=fetched_at,
        is_stale=fetched_at is not None and site.app.now() - fetched_at > STALE,
        products=overview.products,
        findings=findings[:SHOWN_FINDINGS],
        findings_total=len(findings),
        events=tuple(reversed(events)),
        disk=disk_line(await site.app.keeping.last()),
    )
    return render("overview.html", context)


def disk_line(cleaning: Cleaning | None) -> str:
    """Say what uses the disk, the most first."""
    if cleaning is None or not cleaning.disk:
        return ""
    most = sorted(cleaning.disk.items(), key=lambda used: -used[1])[:SHOWN_FOLDERS]
    parts = ", ".join(f"{name} {_size(size)}" for name, size in most)
    return f"{_size(sum(cleaning.disk.values()))} in the data folder: {parts}"


def _size(size: int) -> str:
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{size / 2**20:.0f} MiB"
