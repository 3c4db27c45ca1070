"""Forms that ask for an action."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from controller.web.acting import Ask, act
from controller.web.pages.forms import read_form, require_same_origin
from controller.web.pages.framing import is_local
from controller.web.refusals import RequestWrong
from controller.web.site import Site

DONE = {
    "reconcile": "asked for a look at {} now",
    "drift": "asked for a look at what {} is now",
    "approve": "approved the release that waits for {}",
    "approve-plan": "approved the plan of {}",
    "approve-backlog": "let the changes of {} go",
    "promote": "asked for the release that waits to be let into {}",
    "accept-edit": "asked for what was written into the pointer of {}",
    "put-back": "wrote the pointer of {} as it was",
    "revoke": "took the approval for {} back",
    "hold": "holds {} where it is",
    "lift": "lifted the hold of {}",
    "rollback": "goes back at {}, and holds it there",
    "abort": "broke the promotion to {} off",
    "suspend": "suspended {}",
    "resume": "resumed {}",
    "rotate": "asked for a rotation of {} now",
    "approve-request": "approved {}",
    "reject-request": "rejected {}",
    "revoke-request": "revoked {}",
    "confirm-request": "noted that {} has come",
    "report-request": "reported {}",
}


async def answer(site: Site, request: Request) -> Response:
    """Do what a form of one of our pages asks.

    Raises FormNotOurs, NotRecognised, RequestWrong, and what the App raises.
    """
    require_same_origin(request)
    form = await read_form(request)
    session = site.proved_session(request, form.get("form_key", ""))
    action = str(request.path_params["action"])
    if action not in DONE:
        raise RequestWrong.because(f"no page asks for `{action}`", hint="the command line may")
    ask = Ask(
        session.caller,
        subject=form.get("subject", ""),
        reason=form.get("reason", "").strip(),
        expect=form.get("expect", ""),
        until=form.get("until", ""),
        release=form.get("release", ""),
    )
    await act(site.app, action, ask)
    session.notices.append(DONE[action].format(ask.subject or "the repository"))
    wanted = form.get("next", "/")
    return RedirectResponse(wanted if is_local(wanted) else "/", 303)
