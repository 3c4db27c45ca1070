"""Signing in with a token, and out."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from controller.web.contexts import LoginPage
from controller.web.pages.forms import read_form, require_same_origin
from controller.web.pages.framing import frame, is_local
from controller.web.rendering import render
from controller.web.sessions import LIFETIME
from controller.web.site import Site, cookie_name


async def page(site: Site, request: Request) -> Response:
    """Ask for a token."""
    return _page(site, request, request.query_params.get("next", "/"), "")


async def sign_in(site: Site, request: Request) -> Response:
    """Begin a session for the holder of a token. Raises FormNotOurs, TooManyTries."""
    require_same_origin(request)
    form = await read_form(request)
    wanted = form.get("next", "/")
    caller = site.recognise(request, form.get("token", ""))
    if caller is None:
        return _page(site, request, wanted, "this token is not known", status=403)
    earlier = site.session(request)
    if earlier is not None:
        site.sessions.close(earlier.id)
    session = site.sessions.open(caller)
    answer = RedirectResponse(wanted if is_local(wanted) else "/", 303)
    answer.set_cookie(
        cookie_name(request),
        session.id,
        max_age=int(LIFETIME.total_seconds()),
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )
    return answer


async def sign_out(site: Site, request: Request) -> Response:
    """End the session. Raises FormNotOurs."""
    require_same_origin(request)
    form = await read_form(request)
    session = site.proved_session(request, form.get("form_key", ""))
    site.sessions.close(session.id)
    answer = RedirectResponse("/", 303)
    answer.delete_cookie(cookie_name(request), path="/", httponly=True, samesite="strict")
    return answer


def _page(
    site: Site, request: Request, wanted: str, problem: str, *, status: int = 200
) -> Response:
    around = frame(site, request, "Sign in")
    return render(
        "login.html", LoginPage(around, wanted if is_local(wanted) else "/", problem), status
    )
