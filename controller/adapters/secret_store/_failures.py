"""What hvac and requests raise → what happens next.

hvac's classes alone do not tell: a 404 is a missing secret, a deleted version or a missing mount;
a 403 is an expired token or a missing right; a 400 is a lost race or a wrong request.
"""

from controller.diagnostics.errors import PlanStale, Stalled, StoreUnreachable, TrueupError


def is_absent(error: BaseException) -> bool:
    """Tell whether this 404 says that the secret, and not its mount, is missing."""
    from hvac.exceptions import InvalidPath

    return isinstance(error, InvalidPath) and not error.errors


def is_forbidden(error: BaseException) -> bool:
    """Tell whether the token was not accepted, or not for this."""
    from hvac.exceptions import Forbidden, Unauthorized

    return isinstance(error, Forbidden | Unauthorized)


def _said(error: BaseException) -> str:
    """What the server said, in one line; it does not repeat what was sent."""
    errors = getattr(error, "errors", None) or ()
    words = " ".join(" ".join(map(str, errors)).split())
    return words[:300] or type(error).__name__


def translated(error: Exception, doing: str) -> TrueupError:
    """Make our error from one of hvac or requests; an unknown one is tried again."""
    from hvac import exceptions
    from requests import exceptions as http

    match error:
        case http.SSLError() if "EOF" not in str(error):
            return Stalled.because(
                f"{doing}: the certificate of the secret store is not trusted",
                hint="name the authority that signed it, and use https only where it is spoken",
                code="secrets/certificate-not-trusted",
            )
        case http.ConnectionError() | http.Timeout() | http.ChunkedEncodingError():
            return StoreUnreachable.because(f"{doing}: the secret store does not answer")
        case http.RequestException():
            return Stalled.because(f"{doing}: the address cannot be used ({type(error).__name__})")
        case exceptions.VaultDown() | exceptions.VaultNotInitialized():
            return StoreUnreachable.because(f"{doing}: the secret store is sealed or not set up")
        case exceptions.RateLimitExceeded():
            return StoreUnreachable.because(f"{doing}: the secret store asks for fewer requests")
        case exceptions.InternalServerError() | exceptions.BadGateway():
            return StoreUnreachable.because(
                f"{doing}: the secret store failed: {_said(error)}",
                hint="look for a full disk first: without its audit log it refuses everything",
            )
        case exceptions.InvalidPath():
            return Stalled.because(
                f"{doing}: there is no such mount: {_said(error)}", code="secrets/no-mount"
            )
        case exceptions.InvalidRequest():
            return _refused(error, doing)
        case exceptions.Forbidden() | exceptions.Unauthorized():
            return Stalled.because(
                f"{doing}: the secret store does not allow it (or there is no such mount)",
                hint="give the controller's policy this path",
                code="secrets/denied",
            )
        case exceptions.VaultError():
            return Stalled.because(f"{doing}: the secret store refused: {_said(error)}")
        case _:
            return StoreUnreachable.because(f"{doing}: {type(error).__name__}")


def _refused(error: Exception, doing: str) -> TrueupError:
    said = _said(error)
    if "check-and-set" in said:
        return PlanStale.because(
            f"{doing}: somebody else wrote it meanwhile", code="secrets/version-changed"
        )
    if "pgrading from non-versioned" in said:
        return StoreUnreachable.because(f"{doing}: the mount is being prepared")
    return Stalled.because(f"{doing}: the secret store refused: {said}")
