"""`/webhooks/…`: somebody has pushed; the source is looked at sooner.

A webhook says nothing that is believed: it only wakes; what is there is read from the repository.
"""

import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from controller.diagnostics.secret import SecretText
from controller.model.caller import Caller, Role
from controller.web.api.answers import json_answer
from controller.web.refusals import NotRecognised
from controller.web.site import Site, address_of

CALLER = Caller("webhook", Role.OPERATOR)
REPLAY = timedelta(seconds=10)
"""A body that was seen so shortly before wakes nobody: repeating it cannot keep us busy."""
DELIVERY_REPLAY = timedelta(hours=1)
"""So long a delivery is known by its number."""
MOST = 1024


@dataclass(frozen=True, slots=True)
class Sender:
    """How a Git server proves that it knows the secret, and numbers its deliveries."""

    proof: str
    expected: Callable[[SecretText, bytes], str]
    delivery: str = ""
    event: str = ""


def _token(secret: SecretText, _body: bytes) -> str:
    return secret.reveal()


def _hexadecimal(secret: SecretText, body: bytes) -> str:
    return hmac.new(secret.reveal().encode(), body, hashlib.sha256).hexdigest()


def _prefixed(secret: SecretText, body: bytes) -> str:
    return f"sha256={_hexadecimal(secret, body)}"


SENDERS = {
    "github": Sender("x-hub-signature-256", _prefixed, "x-github-delivery", "x-github-event"),
    "gitlab": Sender("x-gitlab-token", _token, "x-gitlab-event-uuid"),
    "gitea": Sender("x-gitea-signature", _hexadecimal, "x-gitea-delivery", "x-gitea-event"),
    "generic": Sender("x-hub-signature-256", _prefixed, "x-delivery"),
}


class Webhooks:
    """Answers all Git servers, and remembers the latest deliveries."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._seen: OrderedDict[str, datetime] = OrderedDict()

    async def answer(self, name: str, request: Request) -> Response:
        """Wake the source. Raises NotRecognised, TooManyTries; 404 when no secret is configured."""
        secret = self._site.webhooks.get(name)
        if not secret:
            raise HTTPException(404)
        sender = SENDERS[name]
        address = f"webhook {address_of(request)}"
        self._site.throttle.check(address)
        body = await request.body()
        found = request.headers.get(sender.proof, "").encode("utf-8", "replace")
        if not hmac.compare_digest(sender.expected(secret, body).encode(), found):
            self._site.throttle.note_wrong(address)
            raise NotRecognised.because("this is not signed with our secret")
        is_ping = bool(sender.event) and request.headers.get(sender.event) == "ping"
        delivery = request.headers.get(sender.delivery, "") if sender.delivery else ""
        is_new = not is_ping and not self._was_seen(name, delivery, body)
        if is_new:
            await self._site.app.reconcile(CALLER, "")
            self._note(name, delivery, body)
        return json_answer({"woken": is_new}, 202)

    def _was_seen(self, name: str, delivery: str, body: bytes) -> bool:
        """The number of a delivery is not signed: the body alone counts too, for a short time."""
        now = self._site.app.now()
        of_body = self._seen.get(_mark(name, "body", body))
        of_delivery = self._seen.get(_mark(name, "delivery", delivery.encode()))
        return (of_body is not None and now - of_body < REPLAY) or (
            bool(delivery) and of_delivery is not None and now - of_delivery < DELIVERY_REPLAY
        )

    def _note(self, name: str, delivery: str, body: bytes) -> None:
        for mark in (_mark(name, "body", body), _mark(name, "delivery", delivery.encode())):
            self._seen[mark] = self._site.app.now()
            self._seen.move_to_end(mark)
        while len(self._seen) > MOST:
            self._seen.popitem(last=False)


def _mark(*parts: str | bytes) -> str:
    told = b"\0".join(part.encode() if isinstance(part, str) else part for part in parts)
    return hashlib.sha256(told).hexdigest()
