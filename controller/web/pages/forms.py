"""Forms: read, and only from our own pages."""

from urllib.parse import parse_qsl

from starlette.requests import Request

from controller.web.refusals import FormNotOurs, RequestWrong

MOST_FIELDS = 20


async def read_form(request: Request) -> dict[str, str]:
    """Read the fields of a form. Raises RequestWrong."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise RequestWrong.because("expected a form")
    try:
        text = (await request.body()).decode("ascii")
        return dict(
            parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
        )
    except ValueError as error:
        raise RequestWrong.because("the form cannot be read") from error


def require_same_origin(request: Request) -> None:
    """Refuse what another site's page sends with its visitor's browser. Raises FormNotOurs."""
    origin, host = request.headers.get("origin"), request.headers["host"]
    is_ours = origin is None or origin.partition("://")[2].lower() == host.lower()
    if not is_ours or request.headers.get("sec-fetch-site", "none") not in {"same-origin", "none"}:
        raise FormNotOurs.because("this form was sent by another site's page")
