"""`/api/adoptions`: drift is turned into a proposed edit of the repository."""

from starlette.requests import Request

from controller.model.view import AdoptionView
from controller.web.acting import Ask
from controller.web.api.actions import read_body
from controller.web.api.endpoints import Answered
from controller.web.refusals import RequestWrong
from controller.web.site import Site

KEYS = frozenset({"subject", "branch", "dry_run"})


async def answer(site: Site, request: Request) -> Answered[AdoptionView]:
    """Adopt for a recognised caller; answers when it is proved and pushed, which takes a plan.

    Raises NotRecognised, RequestWrong, and the App's.
    """
    caller = site.bearer(request)
    body = await read_body(request, KEYS)
    subject, branch = body.get("subject", ""), body.get("branch", "")
    Ask(caller, subject, expect=branch).check("adopt")
    if not subject:
        raise RequestWrong.because("an adoption needs a `subject`")
    is_dry = body.get("dry_run", "") == "yes"
    made = await site.app.adopt(caller, subject, branch=branch, dry_run=is_dry)
    return Answered(made, 200 if is_dry else 201)
