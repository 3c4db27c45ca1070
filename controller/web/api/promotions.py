"""`/api/history`, `/api/trace`, `/api/previews`: how a stage came to its release, and what next."""

from collections.abc import Sequence

from starlette.requests import Request

from controller.model.move_view import MoveView, PreviewView, TraceView
from controller.web import reading
from controller.web.acting import RELEASE
from controller.web.api.endpoints import Endpoints
from controller.web.refusals import RequestWrong
from controller.web.site import Site


def endpoints(site: Site) -> Endpoints:
    """Give the endpoints of promotions."""

    async def history(request: Request) -> Sequence[MoveView]:
        """Give decisions that moved or held a stage."""
        return await site.app.promotions.history(reading.name(request, "product", "environment"))

    async def trace(request: Request) -> TraceView:
        """Tell where a commit has got to."""
        return await site.app.promotions.trace(_release(str(request.path_params["commit"])))

    async def preview(request: Request) -> PreviewView:
        """Give what a promotion would change."""
        name = reading.name(request, "product", "environment")
        return await site.app.promotions.preview(
            name, _release(request.query_params.get("release", ""))
        )

    return {
        "/api/history/{product}/{environment}": history,
        "/api/previews/{product}/{environment}": preview,
        "/api/trace/{commit}": trace,
    }


def _release(text: str) -> str:
    if text and RELEASE.fullmatch(text) is None:
        raise RequestWrong.because(
            "that names no commit", hint="write a commit, or at least 7 digits of it"
        )
    return text
