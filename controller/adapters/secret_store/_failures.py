"""What hvac and requests raise → what happens next.

hvac's classes alone do not tell: a 404 is a missing secret, a deleted version or a missing mount;
a 403 is an expired token or a missing right; a 400 is a lost race or a wrong request.
"""

from dataclasses import dataclass
from typing import Self

from controller.diagnostics.errors import (
    PlanStale,
    Stalled,
    StoreBusy,
    StoreFailed,
    StoreSealed,
    StoreUnreachable,
    TrueupError,
)

OF_METHODS = {
    "get": ("read",), "list": ("list",), "post": ("create", "update"), "delete": ("delete",),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Need:
    """What a policy must allow so that a request is answered."""

    path: str
    capabilities: tuple[str, ...]

    @classmethod
    def to(cls, method: str, path: str) -> Self:
        """Tell it of a request to an engine."""
        return cls(path, OF_METHODS[method])

    def __str__(self) -> str:
        named = ", ".join(f'"{each}"' for each in self.capabilities)
        return f'path "{self.path}" {{ capabilities = [{named}] }}'


def is_absent(error: BaseException) -> bool:
    """Tell whether this 404 says that the secret, and not its mount, is missing."""
    from hvac.exceptions import InvalidPath

    return isinstance(error, InvalidPath) and not error.errors


def told_with(error: BaseException) -> object | None:
    """Give what the server tells of a version that was deleted or destroyed: its metadata."""
    from hvac.exceptions import InvalidPath

    if not isinstance(error, InvalidPath) or not isinstance(error.json, dict):
        return None
    return (error.json.get("data") or {}).get("metadata")


def is_forbidden(error: BaseException) -> bool:
    """Tell whether the token was not accepted, or not for this."""
    from hvac.exceptions import Forbidden, Unauthorized

    return isinstance(error, Forbidden | Unauthorized)


def _said(error: BaseException) -> str:
    """What the server said, in one line; it does not repeat what was sent."""
    errors = getattr(error, "errors", None) or ()
    words = " ".join(" ".join(map(str, errors)).split())
    return words[:300] or type(error).__name__


def translated(error: Exception, doing: str, need: Need | None = None) -> TrueupError:
    """Make our error from one of hvac or requests; an unknown one is tried again."""
    from hvac.exceptions import VaultError
    from requests.exceptions import RequestException

    if isinstance(error, RequestException):
        return _unconnected(error, doing)
    if isinstance(error, VaultError):
        if need is not None and is_forbidden(error):
            return _denied(doing, need)
        return _unwilling(error, doing) or _refused(error, doing)
    return StoreUnreachable.because(f"{doing}: {type(error).__name__}")


def _unconnected(error: Exception, doing: str) -> TrueupError:
    """No answer came. A connection that breaks off in its greeting is no wrong certificate."""
    from requests import exceptions as http

    if isinstance(error, http.SSLError) and "EOF" not in str(error):
        return Stalled.because(
            f"{doing}: the certificate of the secret store is not trusted",
            hint="name the authority that signed it, and use https only where it is spoken",
            code="secrets/certificate-not-trusted",
        )
    if isinstance(error, http.ConnectionError | http.Timeout | http.ChunkedEncodingError):
        return StoreUnreachable.because(f"{doing}: the secret store does not answer")
    return Stalled.because(f"{doing}: the address cannot be used ({type(error).__name__})")


def _unwilling(error: Exception, doing: str) -> TrueupError | None:
    """The server answers that it cannot serve now; None when that is not what it says."""
    from hvac import exceptions

    match error:
        case exceptions.VaultDown() | exceptions.VaultNotInitialized():
            return StoreSealed.because(
                f"{doing}: the secret store is sealed or not set up",
                hint="unseal it; the controller goes on by itself then",
            )
        case exceptions.RateLimitExceeded():
            return StoreBusy.because(f"{doing}: the secret store asks for fewer requests")
        case exceptions.InternalServerError() | exceptions.BadGateway():
            return StoreFailed.because(
                f"{doing}: the secret store failed: {_said(error)}",
                hint="look for a full disk first: without its audit log it refuses everything",
            )
        case _:
            return None


def _denied(doing: str, need: Need) -> Stalled:
    """A policy says no; so the server answers of a mount that is not there, too."""
    named = " and ".join(f"`{each}`" for each in need.capabilities)
    return Stalled.because(
        f"{doing}: the secret store does not allow {named} on `{need.path}` (or there is no such "
        "mount)",
        hint=f"the policy of the controller's login needs `{need}`",
        code="secrets/denied",
    )


def _refused(error: Exception, doing: str) -> TrueupError:
    """The server says no to exactly this."""
    from hvac.exceptions import InvalidPath

    said = _said(error)
    if isinstance(error, InvalidPath):
        return Stalled.because(f"{doing}: there is no such mount: {said}", code="secrets/no-mount")
    if is_forbidden(error):
        return Stalled.because(
            f"{doing}: the secret store does not allow it (or there is no such mount)",
            hint="give the controller's policy this path",
            code="secrets/denied",
        )
    if "check-and-set" in said:
        return PlanStale.because(
            f"{doing}: somebody else wrote it meanwhile", code="secrets/version-changed"
        )
    if "HTTP request to an HTTPS server" in f"{said} {error}":
        return Stalled.because(
            f"{doing}: the secret store speaks https and the address says http",
            hint="begin the address with `https://`",
            code="secrets/certificate-not-trusted",
        )
    if "pgrading from non-versioned" in said:
        return StoreUnreachable.because(f"{doing}: the mount is being prepared")
    return Stalled.because(f"{doing}: the secret store refused: {said}")
