"""What a master and its workers say to each other beside Locust's own messages."""

import hmac
from typing import Any

from controller import __version__

WORKER = "controller.adapters.load_generator.locust_worker"
"""The program that speaks with a master."""
HELLO = "trueup-hello"
AWAY = "trueup-away"
"""A worker that cannot be used hears why, and ends."""
ORDER = "trueup-order"
READY = "trueup-ready"
REFUSED = "trueup-refused"
GO = "trueup-go"
SECOND = "trueup-second"
END = "trueup-end"
OVER = "trueup-over"
RESULT = "trueup-result"

TRUEUP = __version__
"""Which Trueup speaks here: another one says other things."""
DONE, NO_RUN, TURNED_AWAY = 0, 75, 78
"""How the process of a worker ends: after a run, without one, or as one that cannot be used."""


def is_ours(told: Any, token: str) -> bool:
    """Tell whether a message comes from somebody who can read the token."""
    shown = str(told.get("token", "")) if isinstance(told, dict) else ""
    return hmac.compare_digest(shown.encode(), token.encode())
