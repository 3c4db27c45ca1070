"""`/healthz`: whether the process answers; says nothing else, as nobody has to say who they are."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response


async def answer(_request: Request) -> Response:
    """Say that we are here."""
    return PlainTextResponse("ok\n")
