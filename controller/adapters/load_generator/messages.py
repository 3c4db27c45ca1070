"""What a master and its workers say to each other beside Locust's own messages."""

import hmac
from typing import Any

WORKER = "controller.adapters.load_generator.locust_worker"
"""The program that speaks with a master."""
HELLO = "trueup-hello"
ORDER = "trueup-order"
READY = "trueup-ready"
REFUSED = "trueup-refused"
GO = "trueup-go"
SECOND = "trueup-second"
END = "trueup-end"
OVER = "trueup-over"
RESULT = "trueup-result"
LOST_AFTER = 20.0
"""Seconds of silence after which the other one is taken for lost; both speak each second."""


def is_ours(told: Any, token: str) -> bool:
    """Tell whether a message comes from somebody who can read the token."""
    shown = str(told.get("token", "")) if isinstance(told, dict) else ""
    return hmac.compare_digest(shown.encode(), token.encode())
