"""`/webhooks/generic`: somebody has pushed; the source is looked at sooner.

A webhook says nothing that is believed: it only wakes; what is there is read from the repository.
"""

import hashlib
import hmac
from datetime import datetime, timedelta

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from controller.model.caller import Caller, Role
from controller.web.api.answers import json_answer
from controller.web.refusals import NotRecognised
from controller.web.site import Site

HEADER = "x-hub-signature-256"
CALLER = Caller("webhook", Role.OPERATOR)
REPLAY = timedelta(seconds=10)
"""A call that was seen so shortly before wakes nobody: repeating it cannot keep us busy."""
MOST = 256


class Webhook:
    """Remembers the signatures of the latest calls."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._seen: dict[str, datetime] = {}

    async def answer(self, request: Request) -> Response:
        """Wake the source. Raises NotRecognised; 404 when no secret is configured."""
        secret = self._site.webhook_secret
        if not secret:
            raise HTTPException(404)
        body = await request.body()
        wanted = hmac.new(secret.reveal().encode(), body, hashlib.sha256).hexdigest()
        found = request.headers.get(HEADER, "")
        if not hmac.compare_digest(f"sha256={wanted}".encode(), found.encode("utf-8", "replace")):
            raise NotRecognised.because("the signature is not made with our secret")
        is_new = self._note(found)
        if is_new:
            await self._site.app.reconcile(CALLER, "")
        return json_answer({"woken": is_new}, 202)

    def _note(self, signature: str) -> bool:
        now = self._site.app.now()
        self._seen = {
            known: at for known, at in list(self._seen.items())[-MOST:] if now - at < REPLAY
        }
        if signature in self._seen:
            return False
        self._seen[signature] = now
        return True
