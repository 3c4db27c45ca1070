"""The application: routes, middleware, and how errors are answered."""

from collections.abc import Iterable, Mapping

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from controller.app import App
from controller.diagnostics.errors import TrueupError
from controller.diagnostics.secret import SecretText
from controller.web.api import table as api
from controller.web.api.answers import json_answer
from controller.web.authority import Authority
from controller.web.guard import LOG, Guard
from controller.web.pages import errors as error_page
from controller.web.pages import table as pages
from controller.web.refusals import NotRecognised, TooManyTries, bug, status_of, told
from controller.web.sessions import Sessions
from controller.web.site import Site
from controller.web.throttle import Throttle

FOR_PROGRAMS = ("/api/", "/metrics", "/webhooks/", "/healthz")


def application(
    app: App,
    authority: Authority,
    *,
    public_view: bool = False,
    hosts: Iterable[str] = (),
    webhooks: Mapping[str, SecretText] | None = None,
) -> Starlette:
    """Serve an App to the callers that `authority` recognises.

    `public_view` shows pages without a token to visitors on this machine; `hosts` are the names
    it answers under besides loopback; `webhooks` holds secrets
    by sender: without one there is no such webhook.
    """
    site = Site(app, authority, Sessions(app.now), public_view, webhooks or {}, Throttle(app.now))

    async def on_refusal(request: Request, error: Exception) -> Response:
        if not isinstance(error, TrueupError):
            raise error
        status = status_of(error)
        if status == 500:  # noqa: PLR2004 - an HTTP status
            LOG.error("%s %r failed", request.method, request.url.path, exc_info=error)
        if _is_for_programs(request.url.path):
            return _told_what_next(json_answer(told(error), status), error)
        return _told_what_next(error_page.answer(site, request, status, told(error)), error)

    async def on_http(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        message = {404: "there is no such page", 405: "this cannot be asked in that way"}
        refusal = {
            "code": f"web/http-{status}",
            "message": message.get(status, "the request was refused"),
            "hint": "",
            "kind": "stalled",
        }
        if _is_for_programs(request.url.path):
            return json_answer(refusal, status)
        return error_page.answer(site, request, status, refusal)

    def on_failure(scope: Scope) -> Response:
        if _is_for_programs(scope["path"]):
            return json_answer(bug(), 500)
        return error_page.answer(site, None, 500, bug())

    return Starlette(
        routes=[*api.routes(site), *pages.routes(site)],
        middleware=[Middleware(Guard, hosts=tuple(hosts), on_failure=on_failure)],
        exception_handlers={TrueupError: on_refusal, HTTPException: on_http},
    )


def _is_for_programs(path: str) -> bool:
    return path.startswith(FOR_PROGRAMS)


def _told_what_next(response: Response, error: TrueupError) -> Response:
    if isinstance(error, NotRecognised):
        response.headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, TooManyTries):
        response.headers["Retry-After"] = str(error.seconds)
    return response
