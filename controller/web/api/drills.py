"""`/api/drills`: everything that an owner or a label holds is rotated, with progress."""

import re

from starlette.requests import Request

from controller.model.drill import DrillView
from controller.web import reading
from controller.web.acting import Ask
from controller.web.api.actions import read_body
from controller.web.api.endpoints import Answered, Endpoints
from controller.web.refusals import RequestWrong
from controller.web.site import Site

KEYS = frozenset({"selector", "expect", "at_once", "reason"})
SELECTOR = re.compile(r"all|owner=[^\s:]{1,100}|label:[A-Za-z0-9_./-]{1,63}=[^\s]{0,100}")
EXAMPLE = "owner=team-shop"


def endpoints(site: Site) -> Endpoints:
    """Give the endpoints of drills: `preview` shows what one would rotate."""

    async def preview(request: Request) -> DrillView:
        """Give what a drill would rotate."""
        selector = reading.word(request, "selector", SELECTOR, EXAMPLE)
        return await site.app.rotations.preview(selector or "all")

    async def drill(request: Request) -> DrillView:
        """Give how far a drill is."""
        return await site.app.rotations.drill(reading.name(request, "id"))

    return {"/api/drills/preview": preview, "/api/drills/{id}": drill}


async def answer(site: Site, request: Request) -> Answered[DrillView]:
    """Begin a drill for a recognised caller. Raises NotRecognised, RequestWrong, and the App's."""
    caller = site.bearer(request)
    body = await read_body(request, KEYS)
    selector, expect, reason = (body.get(key, "") for key in ("selector", "expect", "reason"))
    Ask(caller, "", reason=reason).check("drill")
    if SELECTOR.fullmatch(selector) is None:
        raise RequestWrong.because("`selector` cannot be read", hint=f"write it as `{EXAMPLE}`")
    if re.fullmatch("[0-9]{1,6}", expect) is None:
        raise RequestWrong.because("`expect` is how many secrets were shown")
    begun = await site.app.rotations.rotate_all(
        caller, selector, expect=int(expect), at_once=body.get("at_once") == "yes", reason=reason
    )
    return Answered(begun)
