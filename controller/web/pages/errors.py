"""The page that says why there is no other."""

from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from controller.web.contexts import ErrorPage
from controller.web.pages.framing import frame, is_local, local_path
from controller.web.rendering import render
from controller.web.site import Site

UNAUTHORIZED = 401


def answer(
    site: Site, request: Request | None, status: int, refusal: Mapping[str, str]
) -> Response:
    """Tell a refusal; who has to sign in is led there."""
    if status == UNAUTHORIZED and request is not None:
        wanted = local_path(request) if request.method == "GET" else "/"
        return RedirectResponse(f"/login?next={quote(wanted, safe='')}", 303)
    back = _came_from(request) if request is not None else ""
    context = ErrorPage(
        frame=frame(site, request, f"{status}"),
        status=status,
        message=refusal["message"],
        hint=refusal["hint"],
        back=back if is_local(back) else "/",
    )
    return render("error.html", context, status)


def _came_from(request: Request) -> str:
    try:
        return urlsplit(request.headers.get("referer", "")).path
    except ValueError:
        return ""
