"""SecretStore: where secrets are kept."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from schemas.document import Document, Metadata, Part, only_one_of
from schemas.names import json_text

_ADDRESS_WORDS = "an address that begins with `https://` (or `http://` on this machine)"
_FILE_WORDS = "an absolute path on the controller's machine, without `..`"


def _check_address(text: str) -> str:
    if not text.startswith(("https://", "http://127.0.0.1", "http://localhost", "http://[::1]")):
        raise ValueError(_ADDRESS_WORDS)
    return text


def _check_absolute(text: str) -> str:
    if not text.startswith("/") or ".." in text.split("/"):
        raise ValueError(_FILE_WORDS)
    return text


Address = Annotated[str, AfterValidator(_check_address), json_text("^https?://", _ADDRESS_WORDS)]
FilePath = Annotated[str, AfterValidator(_check_absolute), json_text("^/", _FILE_WORDS)]


class AppRole(Part):
    """A login with AppRole."""

    role_id: str = Field(
        description="The role's id; not a secret.",
        examples=["59d6d1ca-47bb-4e7e-a40b-8be3bc5a0ba8"],
    )
    secret_id_file: FilePath = Field(
        description="The file on the controller's machine that holds the secret id.",
        examples=["/etc/trueup/secret-id"],
    )


class Authentication(Part):
    """How the controller logs in: exactly one of the ways."""

    model_config = ConfigDict(json_schema_extra=only_one_of("approle", "tokenFile"))

    approle: AppRole | None = Field(
        default=None,
        description="Log in with AppRole.",
        examples=[{"roleId": "59d6d1ca", "secretIdFile": "/etc/trueup/secret-id"}],
    )
    token_file: FilePath | None = Field(
        default=None,
        description="The file on the controller's machine that holds a token, renewed by "
        "somebody else.",
        examples=["/run/trueup/token"],
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.approle is None) == (self.token_file is None):
            raise ValueError("exactly one of `approle`, `tokenFile`")
        return self


class OpenBao(Part):
    """An OpenBao or Vault server that somebody runs."""

    address: Address = Field(
        description="Where it answers.", examples=["https://bao.example.com:8200"]
    )
    namespace: str | None = Field(default=None, description="Its namespace.", examples=["platform"])
    mount: str = Field(
        default="secret",
        pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$",
        description="Where the KV version 2 engine is mounted.",
        examples=["kv"],
    )
    auth: Authentication = Field(
        description="How the controller logs in.", examples=[{"tokenFile": "/run/trueup/token"}]
    )
    ca_file: FilePath | None = Field(
        default=None,
        description="The file of the certificate authority, when the system does not know it.",
        examples=["/etc/trueup/ca.pem"],
    )


class Embedded(Part):
    """A real OpenBao server that the controller starts, unseals and keeps on this machine."""


class Provider(Part):
    """Who keeps the secrets: exactly one of the kinds."""

    model_config = ConfigDict(json_schema_extra=only_one_of("embedded", "openbao"))

    embedded: Embedded | None = Field(
        default=None, description="A server that the controller runs itself.", examples=[{}]
    )
    openbao: OpenBao | None = Field(
        default=None,
        description="An OpenBao or Vault server that somebody runs.",
        examples=[{"address": "https://bao.example.com:8200", "auth": {"tokenFile": "/run/token"}}],
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.embedded is None) == (self.openbao is None):
            raise ValueError("exactly one of `embedded`, `openbao`")
        return self


class SecretStoreSpec(Part):
    """What keeps the secrets."""

    provider: Provider = Field(description="What keeps the secrets.", examples=[{"embedded": {}}])


class SecretStore(Document):
    """Where secrets are kept."""

    kind: Literal["SecretStore"] = Field(description="`SecretStore`.", examples=["SecretStore"])
    metadata: Metadata = Field(description="Who it is.", examples=[{"name": "main"}])
    spec: SecretStoreSpec = Field(
        description="What it is.", examples=[{"provider": {"embedded": {}}}]
    )
