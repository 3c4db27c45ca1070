"""The sessions of the pages: a random id in a cookie, everything else in memory."""

import hmac
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from controller.model.caller import Caller

COOKIE = "trueup_session"
LIFETIME = timedelta(hours=12)
MOST = 1000
"""How many sessions are kept; beyond that the oldest ends."""


@dataclass
class Session:
    """Somebody who has signed in."""

    id: str
    caller: Caller
    form_key: str
    """Proves that a form was made by a page of this session."""
    ends_at: datetime
    notices: list[str] = field(default_factory=list)
    """What the next page tells, once."""

    def made(self, form_key: str) -> bool:
        """Tell whether a form with this key was made by a page of this session."""
        return hmac.compare_digest(self.form_key.encode(), form_key.encode("utf-8", "replace"))

    def take_notices(self) -> tuple[str, ...]:
        """Give what is to be told, and forget it."""
        told, self.notices[:] = tuple(self.notices), []
        return told


class Sessions:
    """All that are open; a restart ends them."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._open: OrderedDict[str, Session] = OrderedDict()

    def open(self, caller: Caller) -> Session:
        """Begin a session."""
        session = Session(
            id=secrets.token_urlsafe(32),
            caller=caller,
            form_key=secrets.token_urlsafe(32),
            ends_at=self._now() + LIFETIME,
        )
        self._open[session.id] = session
        while len(self._open) > MOST:
            self._open.popitem(last=False)
        return session

    def find(self, identity: str) -> Session | None:
        """Give an open session that has not ended."""
        session = self._open.get(identity)
        if session is not None and session.ends_at <= self._now():
            self.close(identity)
            return None
        return session

    def close(self, identity: str) -> None:
        """End a session; ending what is not open is no error."""
        self._open.pop(identity, None)
