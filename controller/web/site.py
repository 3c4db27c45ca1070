"""What every page and every API resource works with."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request

from controller.app import App
from controller.diagnostics.secret import SecretText
from controller.model.caller import Caller
from controller.web.authority import Authority
from controller.web.guard import is_loopback
from controller.web.refusals import FormNotOurs, NotRecognised
from controller.web.sessions import COOKIE, Session, Sessions
from controller.web.throttle import Throttle


@dataclass(frozen=True)
class Site:
    """The application's parts."""

    app: App
    authority: Authority
    sessions: Sessions
    public_view: bool
    """Whether pages may be seen on this machine without a token; acting needs one always."""
    webhooks: Mapping[str, SecretText]
    """The secrets of the Git servers that may wake us, by the last part of the address."""
    throttle: Throttle

    def recognise(self, request: Request, token: str) -> Caller | None:
        """Give who holds a token, None for a wrong one. Raises TooManyTries after many of them."""
        address = address_of(request)
        self.throttle.check(address)
        caller = self.authority.recognise(token.strip())
        if caller is None and token.strip():
            self.throttle.note_wrong(address)
        return caller

    def bearer(self, request: Request) -> Caller:
        """Give who asks the API. Raises NotRecognised, TooManyTries."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        caller = self.recognise(request, token) if scheme.lower() == "bearer" else None
        if caller is None:
            raise NotRecognised.because(
                "this needs a known token",
                hint="send `Authorization: Bearer TOKEN`; the local one is in the data folder",
            )
        return caller

    def session(self, request: Request) -> Session | None:
        """Give the session of a page's visitor, if there is one."""
        found = self.sessions.find(request.cookies.get(cookie_name(request), ""))
        return found if found is not None and self.authority.knows(found.caller) else None

    def proved_session(self, request: Request, form_key: str) -> Session:
        """Give the session whose page made a form. Raises NotRecognised, FormNotOurs."""
        session = self.session(request)
        if session is None:
            raise NotRecognised.because("sign in first")
        if not session.made(form_key):
            raise FormNotOurs.because(
                "this form was not made by a page of your session",
                hint="go back, load the page again, and send it once more",
            )
        return session

    def may_look(self, request: Request) -> bool:
        """Tell whether a visitor may see pages: signed in, or here where that is enough."""
        if self.session(request) is not None:
            return True
        on_this_machine = request.client is not None and is_loopback(request.client.host)
        return self.public_view and on_this_machine and is_loopback(request.headers["host"])


def address_of(request: Request) -> str:
    """Give the address that a request comes from: that of a proxy, where there is one."""
    return request.client.host if request.client is not None else ""


def cookie_name(request: Request) -> str:
    """Name the cookie after the port too: a browser sends it to every port of a host."""
    return f"{COOKIE}_{request.url.port or 0}"
