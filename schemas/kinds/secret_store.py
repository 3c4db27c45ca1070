"""SecretStore: where secrets are kept."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from schemas.document import Document, Metadata, Part, only_one_of
from schemas.issuing import Engines, StoreIssue, refuse_unfit
from schemas.names import json_text
from schemas.references import refuse_at

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


MOUNT = r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$"


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


class Jwt(Part):
    """A login with a signed token that something on the controller's machine keeps fresh."""

    role: str = Field(description="The role of the server to log in as.", examples=["trueup"])
    token_file: FilePath = Field(
        description="The file on the controller's machine that holds the token; read at each "
        "login.",
        examples=["/var/run/secrets/tokens/trueup"],
    )
    mount: str = Field(
        default="jwt",
        pattern=MOUNT,
        description="Where the login method is mounted.",
        examples=["jwt"],
    )


class Kubernetes(Part):
    """A login with the token of a Kubernetes service account."""

    role: str = Field(description="The role of the server to log in as.", examples=["trueup"])
    token_file: FilePath = Field(
        default="/var/run/secrets/kubernetes.io/serviceaccount/token",
        description="The file on the controller's machine that holds the token; read at each "
        "login.",
        examples=["/var/run/secrets/tokens/trueup"],
    )
    mount: str = Field(
        default="kubernetes",
        pattern=MOUNT,
        description="Where the login method is mounted.",
        examples=["kubernetes"],
    )


class Authentication(Part):
    """How the controller logs in: exactly one of the ways."""

    model_config = ConfigDict(json_schema_extra=only_one_of("approle", "tokenFile"))

    approle: AppRole | None = Field(
        default=None,
        description="Log in with AppRole.",
        examples=[{"roleId": "59d6d1ca", "secretIdFile": "/etc/trueup/secret-id"}],
    )
    jwt: Jwt | None = Field(
        default=None,
        description="Log in with a signed token.",
        examples=[{"role": "trueup", "tokenFile": "/run/trueup/jwt"}],
    )
    kubernetes: Kubernetes | None = Field(
        default=None,
        description="Log in as a Kubernetes service account.",
        examples=[{"role": "trueup"}],
    )
    token_file: FilePath | None = Field(
        default=None,
        description="The file on the controller's machine that holds a token, renewed by "
        "somebody else.",
        examples=["/run/trueup/token"],
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        ways = (self.approle, self.jwt, self.kubernetes, self.token_file)
        if sum(way is not None for way in ways) != 1:
            raise ValueError("exactly one of `approle`, `jwt`, `kubernetes`, `tokenFile`")
        return self


class OpenBao(Part):
    """An OpenBao or Vault server that somebody runs."""

    address: Address = Field(
        description="Where it answers.", examples=["https://bao.example.com:8200"]
    )
    namespace: str | None = Field(default=None, description="Its namespace.", examples=["platform"])
    mount: str = Field(
        default="secret",
        pattern=MOUNT,
        description="Where the KV version 2 engine is mounted.",
        examples=["kv"],
    )
    prefix: str = Field(
        default="trueup",
        pattern=MOUNT,
        description="What the paths of the secrets begin with, below the mount.",
        examples=["trueup"],
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


class _Aws(Part):
    """How a store of AWS is reached, whichever it is."""

    region: str = Field(
        pattern=r"^[a-z0-9-]+$", description="The region.", examples=["eu-central-1"]
    )
    endpoint: Address | None = Field(
        default=None,
        description="Another address than AWS's own, as of a private endpoint.",
        examples=["https://vpce-0a1b.secretsmanager.eu-central-1.vpce.amazonaws.com"],
    )
    profile: str | None = Field(
        default=None,
        description="The profile of the controller's machine to use. Without it, the identity "
        "that AWS's own tools would find there.",
        examples=["trueup"],
    )
    prefix: str = Field(
        default="trueup",
        pattern=MOUNT,
        description="What the names of the secrets begin with.",
        examples=["trueup"],
    )


class AwsSecretsManager(_Aws):
    """AWS Secrets Manager; the controller's machine holds the credentials."""


class AwsSsm(_Aws):
    """AWS SSM Parameter Store; the controller's machine holds the credentials."""


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
    aws_secrets_manager: AwsSecretsManager | None = Field(
        default=None,
        description="AWS Secrets Manager.",
        examples=[{"region": "eu-central-1"}],
    )
    aws_ssm: AwsSsm | None = Field(
        default=None,
        description="AWS SSM Parameter Store; 4096 bytes a secret, and for one controller only.",
        examples=[{"region": "eu-central-1"}],
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        kinds = (self.embedded, self.openbao, self.aws_secrets_manager, self.aws_ssm)
        if sum(kind is not None for kind in kinds) != 1:
            raise ValueError("exactly one of `awsSecretsManager`, `awsSsm`, `embedded`, `openbao`")
        return self


class SecretStoreSpec(Part):
    """What keeps the secrets."""

    provider: Provider = Field(description="What keeps the secrets.", examples=[{"embedded": {}}])
    issue: StoreIssue | None = Field(
        default=None,
        description="What people may ask for from this store. Without it, nothing.",
        examples=[{"maxTtl": "8h", "approvals": 1}],
    )
    engines: Engines | None = Field(
        default=None,
        description="What makes credentials that live for a while.",
        examples=[{"ssh": {"roles": [{"name": "operators", "users": ["ops"]}]}}],
    )

    @model_validator(mode="after")
    def _can_issue(self) -> Self:
        is_bao = self.provider.embedded is not None or self.provider.openbao is not None
        for key, part in (("issue", self.issue), ("engines", self.engines)):
            if part is not None and not is_bao:
                refuse_at((key,), f"no `{key}`: only OpenBao and Vault can hand over once")
        if self.engines is not None:
            refuse_unfit(self.engines, is_embedded=self.provider.embedded is not None)
            if self.issue is None:
                refuse_at((), "`issue` beside `engines`: who may ask, and for how long")
        return self


class SecretStore(Document):
    """Where secrets are kept."""

    kind: Literal["SecretStore"] = Field(description="`SecretStore`.", examples=["SecretStore"])
    metadata: Metadata = Field(description="Who it is.", examples=[{"name": "main"}])
    spec: SecretStoreSpec = Field(
        description="What it is.", examples=[{"provider": {"embedded": {}}}]
    )
