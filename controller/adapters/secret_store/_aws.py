"""What AWS Secrets Manager and SSM have in common: one client each, and their errors as ours."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from controller.adapters.secret_store._paths import checked_path, revealed
from controller.diagnostics.errors import (
    PlanStale,
    Stalled,
    StoreBusy,
    StoreFailed,
    StoreUnreachable,
    TrueupError,
)
from controller.diagnostics.secret import SecretText
from controller.model.delivery import SecretReference

Given = TypeVar("Given")

ABSENT = frozenset({"ResourceNotFoundException", "ParameterNotFound", "ParameterVersionNotFound"})
LOST = frozenset({"ResourceExistsException", "ParameterAlreadyExists", "TooManyUpdates"})
BUSY = frozenset({"ThrottlingException", "Throttling", "RequestLimitExceeded"})
FAILED = frozenset({"InternalServiceError", "InternalServerError", "ServiceUnavailable"})
DENIED = frozenset(
    {"AccessDeniedException", "AccessDenied", "UnrecognizedClientException", "ExpiredToken",
     "ExpiredTokenException", "InvalidClientTokenId", "InvalidSignatureException"}
)  # fmt: skip
TIMEOUT_SECONDS = 10
POOL = 16


@dataclass(frozen=True, slots=True)
class AwsPlace:
    """A region of AWS, and how it is reached; without a profile the machine's own identity."""

    region: str
    endpoint: str | None = None
    profile: str | None = None


def client_of(service: str, place: AwsPlace) -> Any:
    """Make a client that tries briefly again when it is throttled. Raises Stalled."""
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError
    from botocore.session import Session

    config = Config(
        connect_timeout=TIMEOUT_SECONDS,
        read_timeout=TIMEOUT_SECONDS,
        max_pool_connections=POOL,
        retries={"mode": "standard", "total_max_attempts": 3},
    )
    try:
        core = Session()
        core.register_component("data_loader", _descriptions())
        session = boto3.session.Session(
            profile_name=place.profile, region_name=place.region, botocore_session=core
        )
        return session.client(service, endpoint_url=place.endpoint, config=config)
    except (BotoCoreError, ValueError) as error:
        raise Stalled.because(
            f"AWS cannot be used: {type(error).__name__}",
            hint="name a profile of the controller's machine",
            code="secrets/login-refused",
        ) from error


@cache
def _descriptions() -> Any:
    """Give what reads the descriptions of services: megabytes, which it keeps for all stores."""
    from botocore.loaders import create_loader

    return create_loader()


def code_of(error: BaseException) -> str:
    """Tell the code of an error of the service; empty for any other."""
    return str(getattr(error, "response", {}).get("Error", {}).get("Code", ""))


async def ask(doing: str, request: Callable[[], Given]) -> Given:
    """Ask in a thread; raises our errors."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return await asyncio.to_thread(request)
    except (BotoCoreError, ClientError, OSError) as error:
        raise _translated(error, doing) from None


async def find(doing: str, request: Callable[[], Given]) -> Given | None:
    """Ask; None when the answer is that there is no such thing.

    AWS answers so only to who may look: who may not is answered with AccessDenied.
    """

    def found() -> Given | None:
        try:
            return request()
        except Exception as error:
            if code_of(error) in ABSENT:
                return None
            raise

    return await ask(doing, found)


def _translated(error: Exception, doing: str) -> TrueupError:
    from botocore.exceptions import ClientError, NoCredentialsError

    code = code_of(error)
    if isinstance(error, NoCredentialsError) or code in DENIED:
        return Stalled.because(
            f"{doing}: AWS does not allow it ({code or 'no credentials'})",
            hint="give the controller's role this right",
            code="secrets/denied",
        )
    if code in LOST:
        return PlanStale.because(
            f"{doing}: somebody else wrote it meanwhile", code="secrets/version-changed"
        )
    unwilling = _unwilling(code, doing)
    if unwilling is not None:
        return unwilling
    if isinstance(error, ClientError):
        return Stalled.because(f"{doing}: AWS refused: {code}")
    return StoreUnreachable.because(f"{doing}: AWS does not answer ({type(error).__name__})")


def _unwilling(code: str, doing: str) -> StoreUnreachable | None:
    if code in BUSY:
        return StoreBusy.because(f"{doing}: AWS asks for fewer requests")
    if code in FAILED:
        return StoreFailed.because(f"{doing}: AWS failed: {code}")
    if code == "InvalidRequestException":  # as while a deletion is under way
        return StoreUnreachable.because(f"{doing}: AWS cannot do it now")
    return None


@dataclass(frozen=True, slots=True)
class Names:
    """Where secrets lie below a prefix, and the form of their content."""

    prefix: str
    largest_bytes: int
    separator: str = ""
    """What every name begins with."""

    def name(self, reference: SecretReference) -> str:
        """Tell the name of a secret. Raises Stalled."""
        return f"{self.separator}{self.prefix}/{checked_path(reference.path)}"

    def path(self, name: str) -> str:
        """Tell the path of a name below the prefix."""
        return name.removeprefix(f"{self.separator}{self.prefix}/")

    def text(self, fields: Mapping[str, SecretText]) -> str:
        """Write the fields: JSON, as AWS's own tools do."""
        return json.dumps(revealed(fields, self.largest_bytes), ensure_ascii=False)


def hidden(text: str) -> dict[str, SecretText]:
    """Wrap what is stored; what is no JSON object, because somebody else wrote it, as `value`."""
    try:
        content = json.loads(text)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        return {"value": SecretText(text)}
    return {
        str(name): SecretText(value if isinstance(value, str) else json.dumps(value))
        for name, value in content.items()
    }


def tags_of(marks: Mapping[str, str]) -> list[dict[str, str]]:
    """Write marks as tags."""
    return [{"Key": key, "Value": value} for key, value in marks.items()]


def marks_of(tags: object) -> dict[str, str]:
    """Read tags as marks."""
    found = tags if isinstance(tags, list) else []
    return {str(tag["Key"]): str(tag["Value"]) for tag in found}
