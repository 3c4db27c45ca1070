"""`/api/actions`: what somebody asks to be done."""

import json
from dataclasses import dataclass

from starlette.requests import Request

from controller.web.acting import Ask, act
from controller.web.api.endpoints import Answered
from controller.web.refusals import RequestWrong
from controller.web.site import Site

KEYS = frozenset({"subject", "reason", "expect", "until", "release"})


@dataclass(frozen=True)
class AskedFor:
    """An action that is done in its turn."""

    action: str
    subject: str
    result: str
    """What was woken, approved, or decided."""
    by: str


async def answer(site: Site, request: Request) -> Answered[AskedFor]:
    """Do one action for a recognised caller. Raises NotRecognised, RequestWrong, and the App's."""
    caller = site.bearer(request)
    body = await read_body(request)
    ask = Ask(
        caller,
        subject=body.get("subject", ""),
        reason=body.get("reason", ""),
        expect=body.get("expect", ""),
        until=body.get("until", ""),
        release=body.get("release", ""),
    )
    action = str(request.path_params["action"])
    result = await act(site.app, action, ask)
    return Answered(AskedFor(action, ask.subject, result, caller.name))


async def read_body(request: Request, keys: frozenset[str] = KEYS) -> dict[str, str]:
    """Read a JSON object of texts. Raises RequestWrong."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise RequestWrong.because("expected `Content-Type: application/json`")
    try:
        body = json.loads(await request.body())
        json.dumps(body, ensure_ascii=False).encode()  # half a surrogate can be written, not kept
    except (ValueError, RecursionError) as error:
        raise RequestWrong.because("the body is not JSON") from error
    if not isinstance(body, dict) or not all(isinstance(text, str) for text in body.values()):
        raise RequestWrong.because(
            "expected a JSON object of texts", hint='write `{"subject": "product/environment"}`'
        )
    unknown = sorted(set(body) - keys)
    if unknown:
        raise RequestWrong.because(
            "the body has keys that are not known", hint=f"known are {', '.join(sorted(keys))}"
        )
    return body
