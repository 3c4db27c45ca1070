"""What is said no to before the App is asked, and which status an error has in HTTP."""

from typing import Self

from controller.diagnostics.errors import Bug, Stalled, Transient, TrueupError, Waiting
from controller.diagnostics.for_programs import for_programs
from controller.permission import NotAllowed, NotFound

MEND_IN_THE_LOG = "the controller's log has the details; report it if it comes again"


class NotRecognised(Stalled):
    """No token, or one that is not known."""

    code = "web/not-recognised"


class TooManyTries(Waiting):
    """An address was wrong too often; nothing of it is looked at for a while."""

    code = "web/too-many-tries"
    seconds = 1

    @classmethod
    def after(cls, seconds: int) -> Self:
        """Make the error that tells when to come again."""
        error = cls.because(
            "too many wrong tries came from this address", hint=f"come again in {seconds} seconds"
        )
        error.seconds = seconds
        return error


class RequestWrong(Stalled):
    """The request cannot be understood."""

    code = "web/request-wrong"


class FormNotOurs(Stalled):
    """A form that was not made by this session's page: forged, or too old."""

    code = "web/form-not-ours"


_STATUS: tuple[tuple[type[TrueupError], int], ...] = (
    (NotRecognised, 401),
    (TooManyTries, 429),
    (RequestWrong, 400),
    (FormNotOurs, 403),
    (NotAllowed, 403),
    (NotFound, 404),
    (Stalled, 409),
    (Waiting, 409),
    (Transient, 503),
)


def status_of(error: TrueupError) -> int:
    """Tell the HTTP status of an error."""
    return next((status for group, status in _STATUS if isinstance(error, group)), 500)


def told(error: TrueupError) -> dict[str, str]:
    """Give an error as the API tells it. A bug's details stay here."""
    if isinstance(error, Bug) or not isinstance(error, Stalled | Waiting | Transient):
        return bug()
    return for_programs(error)


def bug() -> dict[str, str]:
    """Say that something broke, and nothing else."""
    return {
        "code": Bug.code,
        "message": "something broke in the controller",
        "hint": MEND_IN_THE_LOG,
        "kind": "bug",
    }
