"""All pages. Those that show something stand behind one door; forms prove who sends them."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from controller.web.pages import (
    actions,
    decision,
    documents,
    events,
    findings,
    forecasts,
    gate_report,
    history,
    login,
    overview,
    requests,
    secrets,
    stage,
)
from controller.web.refusals import NotRecognised
from controller.web.rendering import FOLDER
from controller.web.site import Site

Page = Callable[[Site, Request], Awaitable[Response]]
Answer = Callable[[Request], Awaitable[Response]]

SHOWN: dict[str, Page] = {
    "/": overview.page,
    "/stages/{product}/{environment}": stage.page,
    "/stages/{product}/{environment}/history": history.page,
    "/decisions/{digest}": decision.page,
    "/decisions/{digest}/raw": documents.decision,
    "/evidence/{digest}": documents.evidence,
    "/gates/{digest}": gate_report.page,
    "/events": events.page,
    "/findings": findings.page,
    "/secrets": secrets.page,
    "/requests": requests.page,
    "/requests/{request}": requests.one,
    "/forecasts": forecasts.table,
    "/forecasts/{product}/{name}": forecasts.page,
    "/forecasts/{product}/{name}/chart.svg": forecasts.picture,
}


def routes(site: Site) -> list[BaseRoute]:
    """Give the routes of the pages."""
    return [
        *(Route(path, _behind_door(site, page), methods=["GET"]) for path, page in SHOWN.items()),
        Route("/login", _of(site, login.page), methods=["GET"]),
        Route("/login", _of(site, login.sign_in), methods=["POST"]),
        Route("/logout", _of(site, login.sign_out), methods=["POST"]),
        Route("/actions/{action}", _of(site, actions.answer), methods=["POST"]),
        Mount("/static", StaticFiles(directory=FOLDER / "static")),
    ]


def _of(site: Site, page: Page) -> Answer:
    async def answer(request: Request) -> Response:
        return await page(site, request)

    return answer


def _behind_door(site: Site, page: Page) -> Answer:
    async def answer(request: Request) -> Response:
        if not site.may_look(request):
            raise NotRecognised.because("sign in to see this page")
        return await page(site, request)

    return answer
