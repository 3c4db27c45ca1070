"""How the controller shows a server of OpenBao or Vault who it is."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from controller.adapters.secret_store._failures import translated
from controller.adapters.secret_store._paths import checked_path
from controller.diagnostics.errors import Stalled, TrueupError
from controller.diagnostics.secret import SecretText

if TYPE_CHECKING:
    import hvac


TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class AppRole:
    """Logs in with an id and a secret id, and again whenever the token ended."""

    role_id: SecretText
    secret_id: SecretText
    mount: str = "approle"


@dataclass(frozen=True, slots=True)
class Token:
    """A token made elsewhere; when it ends, somebody must give another."""

    token: SecretText


@dataclass(frozen=True, slots=True)
class Jwt:
    """Logs in with a signed token in a file, which is read anew each time: they are short-lived."""

    role: str
    token_file: Path
    mount: str = "jwt"


@dataclass(frozen=True, slots=True)
class Kubernetes:
    """Logs in with the token of a Kubernetes service account, read anew each time."""

    role: str
    token_file: Path
    mount: str = "kubernetes"


Authentication = AppRole | Token | Jwt | Kubernetes


def take_token(client: "hvac.Client", authentication: Authentication) -> None:
    """Log in; the client has the new token then. Raises what hvac raises, and Stalled."""
    match authentication:
        case Token(token):
            client.token = token.reveal()
            client.auth.token.lookup_self()
        case AppRole(role_id, secret_id, mount):
            client.auth.approle.login(
                role_id.reveal(), secret_id.reveal(), mount_point=checked_path(mount)
            )
        case Jwt(role, file, mount):
            client.auth.jwt.jwt_login(role, _read(file), path=checked_path(mount))
        case Kubernetes(role, file, mount):
            client.auth.kubernetes.login(role, _read(file), mount_point=checked_path(mount))


def is_accepted(like: "hvac.Client", login: AppRole) -> bool:
    """Log in to the server of another client, and out again; False when that is refused."""
    import hvac
    from hvac.exceptions import Forbidden, InvalidRequest

    client = hvac.Client(
        url=like.url, token="", session=like.session, verify=like.session.verify,
        namespace=like.adapter.namespace, timeout=TIMEOUT_SECONDS,
    )  # fmt: skip
    try:
        take_token(client, login)
    except (Forbidden, InvalidRequest):
        return False
    client.auth.token.revoke_self()
    return True


def login_failed(error: Exception) -> Exception:
    """Make our error from what a login raised."""
    from hvac.exceptions import Forbidden, InvalidPath, InvalidRequest, Unauthorized

    if isinstance(error, TrueupError):
        return error
    if isinstance(error, Forbidden | InvalidPath | InvalidRequest | Unauthorized):
        if "HTTP request to an HTTPS server" in str(error):
            return translated(error, "logging in")
        return Stalled.because(
            "the secret store does not accept the controller's login",
            hint="give the controller a new token or secret id",
            code="secrets/login-refused",
        )
    return translated(error, "logging in")


def _read(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError as error:
        raise Stalled.because(
            f"`{file}` cannot be read: {error.strerror}",
            hint="it holds how the controller logs in",
            code="secrets/login-refused",
        ) from error
