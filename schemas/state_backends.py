"""Where an engine keeps its states: one model a backend, chosen by `backend`."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Discriminator, Field, Tag, WithJsonSchema

from schemas.document import Part

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_PREFIX = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9._-]+)*")
_TEMPLATE = re.compile(r"[$%]\{")


def _parts(text: str, schemes: tuple[str, ...]) -> bool:
    """Tell whether a text is an address with one of these schemes and nothing secret in it."""
    try:
        found = urlsplit(text)
        is_address = found.scheme in schemes and bool(found.hostname) and not found.fragment
        _ = found.port
    except ValueError:
        return False
    return is_address and "@" not in found.netloc and _TEMPLATE.search(text) is None


def _check_http(text: str) -> str:
    found = _parts(text, ("https", "http")) and urlsplit(text)
    if not found or found.query or (found.scheme == "http" and found.hostname not in _LOOPBACK):
        raise ValueError(
            "an address that begins with `https://` (or `http://` on this machine), without a login"
        )
    return text.rstrip("/")


def _check_postgres(text: str) -> str:
    if not _parts(text, ("postgres", "postgresql")) or "password" in text:
        raise ValueError(
            "an address as `postgres://host:5432/states?sslmode=verify-full`, no login"
        )
    return text


def _check_prefix(text: str) -> str:
    if _PREFIX.fullmatch(text) is None or ".." in text:
        raise ValueError("letters, digits, `-`, `_`, `.` and `/`, beginning with a letter or digit")
    return text


def _check_literal(text: str) -> str:
    if not text or _TEMPLATE.search(text) is not None:
        raise ValueError("a text without `${` or `%{`")
    return text


_TEXT = {"type": "string"}
HttpAddress = Annotated[str, AfterValidator(_check_http), WithJsonSchema(_TEXT)]
PostgresAddress = Annotated[str, AfterValidator(_check_postgres), WithJsonSchema(_TEXT)]
Prefix = Annotated[str, AfterValidator(_check_prefix), WithJsonSchema(_TEXT)]
Literally = Annotated[str, AfterValidator(_check_literal), WithJsonSchema(_TEXT)]


class LocalState(Part):
    """A file beside the workspace."""

    backend: Literal["local"] = Field(
        default="local",
        description="`local`: a file beside the workspace, kept by the controller.",
        examples=["local"],
    )


class HttpState(Part):
    """A server that speaks Terraform's protocol for states, as GitLab."""

    backend: Literal["http"] = Field(
        description="`http`: a server that speaks Terraform's protocol for states.",
        examples=["http"],
    )
    address: HttpAddress = Field(
        description="Where it answers; below, the state of a unit is at "
        "`/<product>.<environment>.<stack>`. Logins are in the controller's settings.",
        examples=["https://git.example.com/api/v4/projects/7/terraform/state"],
    )
    lock_path: str = Field(
        default="",
        pattern=r"^(/[A-Za-z0-9_-]+)?$",
        description="What is appended to the address of a state to lock it; GitLab wants `/lock`.",
        examples=["/lock"],
    )
    lock_method: Literal["LOCK", "POST", "PUT"] = Field(
        default="LOCK", description="The method that locks; GitLab wants `POST`.", examples=["POST"]
    )
    unlock_method: Literal["UNLOCK", "DELETE", "PUT"] = Field(
        default="UNLOCK",
        description="The method that unlocks; GitLab wants `DELETE`.",
        examples=["DELETE"],
    )


class PostgresState(Part):
    """A PostgreSQL database."""

    backend: Literal["pg"] = Field(
        description="`pg`: a PostgreSQL database, with a schema for each unit.", examples=["pg"]
    )
    address: PostgresAddress = Field(
        description="The database, without a login: that is in the controller's settings. It has "
        "to be the server itself, or a pool of whole sessions: locks belong to a session.",
        examples=["postgres://db.example.com:5432/states?sslmode=verify-full"],
    )
    schema_prefix: str = Field(
        default="trueup",
        pattern=r"^[a-z][a-z0-9_]{0,15}$",
        description="How the names of schemas begin: `<prefix>_` and a digest of the unit's name.",
        examples=["trueup"],
    )


class S3State(Part):
    """A bucket of S3, or of a server that speaks its protocol."""

    backend: Literal["s3"] = Field(
        description="`s3`: a bucket, with an object for each unit and another as its lock.",
        examples=["s3"],
    )
    bucket: str = Field(
        pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
        description="The bucket; turn its versioning on.",
        examples=["acme-states"],
    )
    key_prefix: Prefix = Field(
        default="trueup",
        description="How keys begin; `/<product>/<environment>/<stack>.tfstate` follows.",
        examples=["platform/trueup"],
    )
    region: str = Field(
        pattern=r"^[a-z0-9-]{1,32}$", description="Its region.", examples=["eu-central-1"]
    )
    endpoint: HttpAddress | None = Field(
        default=None,
        description="The address of a server that is not AWS; nothing else of AWS is asked then.",
        examples=["https://minio.example.com:9000"],
    )
    use_path_style: bool = Field(
        default=False,
        description="Whether the bucket stands in the path of the address, as MinIO wants it.",
        examples=[True],
    )
    kms_key: Literally | None = Field(
        default=None,
        description="The KMS key that encrypts; without one the bucket's own encryption does.",
        examples=["alias/states"],
    )
    role_arn: Literally | None = Field(
        default=None,
        description="A role to take before the bucket is used.",
        examples=["arn:aws:iam::123456789012:role/states"],
    )


def _backend_of(raw: object) -> str | None:
    if isinstance(raw, Mapping):
        found = raw.get("backend", "local")
        return found if isinstance(found, str) else str(found)
    return getattr(raw, "backend", "local")


State = Annotated[
    Annotated[LocalState, Tag("local")]
    | Annotated[HttpState, Tag("http")]
    | Annotated[PostgresState, Tag("pg")]
    | Annotated[S3State, Tag("s3")],
    Discriminator(_backend_of),
]
