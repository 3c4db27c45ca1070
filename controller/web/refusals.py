"""What is said no to before the App is asked, and which status an error has in HTTP."""

from typing import TYPE_CHECKING

from controller.diagnostics.errors import Bug, Stalled, Transient, TrueupError, Waiting

if TYPE_CHECKING:
    from collections.abc import Mapping

MEND_IN_THE_LOG = "the controller's log has the details; report it if it comes again"


class NotRecognised(Stalled):
    """No token, or one that is not known."""

    code = "web/not-recognised"


class RequestWrong(Stalled):
    """The request cannot be understood."""

    code = "web/request-wrong"


class FormNotOurs(Stalled):
    """A form that was not made by this session's page: forged, or too old."""

    code = "web/form-not-ours"


_STATUS: "Mapping[str, int]" = {
    "NotRecognised": 401,
    "RequestWrong": 400,
    "FormNotOurs": 403,
    "NotAllowed": 403,
    "NotFound": 404,
}


def status_of(error: TrueupError) -> int:
    """Tell the HTTP status of an error: by its reason where that says it, else by its class."""
    if error.reason in _STATUS:
        return _STATUS[error.reason]
    if isinstance(error, Stalled | Waiting):
        return 409
    return 503 if isinstance(error, Transient) else 500


def told(error: TrueupError) -> dict[str, str]:
    """Give an error as the API tells it; `kind` says what comes next. A bug's details stay here."""
    if isinstance(error, Bug) or not isinstance(error, Stalled | Waiting | Transient):
        return bug()
    kind = next(
        word
        for word, group in (("stalled", Stalled), ("waiting", Waiting), ("transient", Transient))
        if isinstance(error, group)
    )
    first = error.diagnostics[0] if error.diagnostics else None
    return {
        "code": first.code if first else error.code,
        "message": str(error),
        "hint": (first.hint or "") if first else "",
        "kind": kind,
    }


def bug() -> dict[str, str]:
    """Say that something broke, and nothing else."""
    return {
        "code": Bug.code,
        "message": "something broke in the controller",
        "hint": MEND_IN_THE_LOG,
        "kind": "bug",
    }
