"""What is read from a request's address, checked before anything else sees it."""

import re

from starlette.requests import Request

from controller.model.names import NAME, is_digest
from controller.web.refusals import RequestWrong

STAGE = re.compile(f"{NAME.pattern}/{NAME.pattern}")
PRODUCT = NAME
EVENT_SUBJECT = re.compile(r"[a-z]{1,20}:[a-z0-9./-]{1,200}")
MOST_EVENTS = 1000
LARGEST = 2**62
"""Event numbers fit the database."""


def number(request: Request, name: str, otherwise: int, *, most: int) -> int:
    """Read a whole number from 0 to `most`. Raises RequestWrong."""
    text = request.query_params.get(name, "")
    if not text:
        return otherwise
    if not (text.isascii() and text.isdecimal()) or len(text) > 18 or int(text) > most:  # noqa: PLR2004 - fits 64 bits
        raise RequestWrong.because(f"`{name}` is a whole number from 0 to {most}")
    return int(text)


def word(request: Request, name: str, pattern: re.Pattern[str], example: str) -> str | None:
    """Read a word of a query, or None when it is not there. Raises RequestWrong."""
    text = request.query_params.get(name, "")
    if not text:
        return None
    if pattern.fullmatch(text) is None:
        raise RequestWrong.because(f"`{name}` cannot be read", hint=f"write it as `{example}`")
    return text


def digest(request: Request) -> str:
    """Read a content address from the path. Raises RequestWrong."""
    text = str(request.path_params["digest"])
    if not is_digest(text):
        raise RequestWrong.because("expected a digest: `sha256:` and 64 hexadecimal digits")
    return text


def name(request: Request, *parts: str) -> str:
    """Join parts of the path to a name; what is no name is found out by who looks it up."""
    return "/".join(str(request.path_params[part]) for part in parts)
