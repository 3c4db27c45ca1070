"""How the value of a Secret is made: a text, a login, or something that another system gives."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Self

from pydantic import ConfigDict, Field, model_validator

from schemas.document import Part, only_one_of
from schemas.names import Identifier, Name
from schemas.references import FromOutput, OutputField
from schemas.values import Interval, Many

LOGIN_FIELDS = ("database", "host", "password", "port", "username")
TEXT_FIELDS = ("previous", "value")
MOUNT = r"^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$"
FILLED = r"^[A-Za-z0-9_{}][A-Za-z0-9_.{}-]*$"
"""A name with `{product}` and `{environment}`."""
FULL_NAME = r"^[A-Za-z0-9*{}][A-Za-z0-9_.:{}-]*$"
"""A DNS name or an address, with `{product}` and `{environment}`."""


class Random(Part):
    """A random text of letters and digits; its fields are `value` and `previous`."""

    length: int = Field(
        default=32, ge=16, le=512, description="How many characters.", examples=[32]
    )


class PostgresLogin(Part):
    """Two login roles in turn, so that a rotation fails no request."""

    admin: OutputField = Field(
        description="The output that gives the address for the administrator.",
        examples=[{"output": "shop-db.admin_dsn"}],
    )
    url: OutputField = Field(
        description="The output that gives the address for everybody, without a login.",
        examples=[{"output": "shop-db.url"}],
    )
    role: Identifier = Field(
        description="The role that owns what the logins may do; the logins are named after it.",
        examples=["shop_app"],
    )


class AwsAccessKey(Part):
    """An access key of an IAM user, whose tag `trueup` names this secret."""

    user: str = Field(
        pattern=r"^[A-Za-z0-9+=,.@_{}-]{1,64}$",
        description="The user; `{product}` and `{environment}` are filled in.",
        examples=["shop-{environment}"],
    )
    region: str = Field(
        pattern=r"^[a-z0-9-]+$", description="The region.", examples=["eu-central-1"]
    )
    endpoint: str | None = Field(
        default=None,
        pattern=r"^https?://",
        description="Another address of AWS's API.",
        examples=["http://127.0.0.1:5000"],
    )
    profile: str | None = Field(
        default=None,
        description="A profile on the controller's machine; without it the machine's own identity.",
        examples=["platform"],
    )


class VerifyServed(Part):
    """Where the certificate is served."""

    address: str = Field(
        pattern=r"^[A-Za-z0-9.{}-]+:[0-9]{1,5}$",
        description="`host:port`; the old certificate is revoked only when the new one is seen "
        "there in a TLS handshake.",
        examples=["shop.example.com:443"],
    )


class Certificate(Part):
    """A certificate of the PKI engine of OpenBao or Vault, renewed after two thirds of its life."""

    store: Name = Field(description="The secret store whose server has it.", examples=["main"])
    mount: str = Field(
        default="pki", pattern=MOUNT, description="Where the engine is.", examples=["pki"]
    )
    role: str = Field(pattern=FILLED, description="The engine's role.", examples=["web"])
    common_name: str = Field(
        pattern=FULL_NAME,
        description="The name that it is for; `{product}` and `{environment}` are filled in.",
        examples=["shop.{environment}.example.com"],
    )
    alt_names: Many[str] = Field(
        default=(),
        description="More names, and addresses, that it is for.",
        examples=[["127.0.0.1"]],
    )
    life: Interval = Field(
        default=timedelta(days=30), description="How long it lives: a duration.", examples=["30d"]
    )
    verify: VerifyServed | None = Field(
        default=None,
        description="Where it is served. Without it, chain, names and dates are checked only.",
        examples=[{"address": "shop.example.com:443"}],
    )


class Totp(Part):
    """The seed of one-time passwords, which the TOTP engine of OpenBao or Vault checks."""

    store: Name = Field(description="The secret store whose server has it.", examples=["main"])
    mount: str = Field(
        default="totp", pattern=MOUNT, description="Where the engine is.", examples=["totp"]
    )
    key: str = Field(
        pattern=FILLED,
        description="The key there, which gets `-g1`, `-g2` and so on; `{product}` and "
        "`{environment}` are filled in.",
        examples=["shop-{environment}"],
    )
    account: str = Field(
        description="The account that apps show.", examples=["robot@shop.example.com"]
    )
    issuer: str = Field(description="The issuer that apps show.", examples=["Shop"])


class TransitKey(Part):
    """A key of the transit engine of OpenBao or Vault; each rotation gives a version."""

    store: Name = Field(description="The secret store whose server has it.", examples=["main"])
    mount: str = Field(
        default="transit", pattern=MOUNT, description="Where the engine is.", examples=["transit"]
    )
    key: str = Field(
        pattern=FILLED,
        description="The key; `{product}` and `{environment}` are filled in.",
        examples=["shop-{environment}"],
    )


class AppRoleSecretId(Part):
    """A secret id of an AppRole of OpenBao or Vault."""

    store: Name = Field(description="The secret store whose server has it.", examples=["main"])
    mount: str = Field(
        default="approle",
        pattern=MOUNT,
        description="Where the login method is.",
        examples=["approle"],
    )
    role: str = Field(
        pattern=FILLED,
        description="The role; `{product}` and `{environment}` are filled in.",
        examples=["shop-{environment}"],
    )


class WebhookHmac(Part):
    """A key that webhooks are signed with; its fields are `value` and `previous`."""

    length: int = Field(
        default=64, ge=32, le=512, description="How many characters.", examples=[64]
    )


class Command(Part):
    """A random text that a program tells a third party of; its fields are as those of `random`."""

    name: Name = Field(
        description="The program, by its name in the setting `rotation_commands`.",
        examples=["mailer-key"],
    )
    length: int = Field(
        default=40, ge=16, le=512, description="How many characters.", examples=[40]
    )
    timeout: Interval = Field(
        default=timedelta(seconds=60),
        le=timedelta(minutes=10),
        description="How long the program may take: a duration of at most 10 minutes.",
        examples=["60s"],
    )


WAYS = (
    "random", "postgresLogin", "awsAccessKey", "certificate", "totp", "transitKey",
    "approleSecretId", "webhookHmac", "command",
)  # fmt: skip
FIELDS = {
    "random": TEXT_FIELDS,
    "webhookHmac": TEXT_FIELDS,
    "command": TEXT_FIELDS,
    "postgresLogin": LOGIN_FIELDS,
    "awsAccessKey": ("access_key_id", "region", "secret_access_key"),
    "certificate": ("bundle", "certificate", "chain", "private_key"),
    "totp": ("key", "previous", "seed", "url"),
    "transitKey": ("key", "mount", "previous", "version"),
    "approleSecretId": ("role_id", "secret_id"),
}


class Generate(Part):
    """How a value is made: exactly one of the ways."""

    model_config = ConfigDict(json_schema_extra=only_one_of(*WAYS))

    random: Random | None = Field(
        default=None, description="A random text.", examples=[{"length": 32}]
    )
    postgres_login: PostgresLogin | None = Field(
        default=None,
        description="A login of a PostgreSQL server.",
        examples=[
            {
                "admin": {"output": "shop-db.admin_dsn"},
                "url": {"output": "shop-db.url"},
                "role": "shop_app",
            }
        ],
    )
    aws_access_key: AwsAccessKey | None = Field(
        default=None,
        description="An access key of AWS.",
        examples=[{"user": "shop-{environment}", "region": "eu-central-1"}],
    )
    certificate: Certificate | None = Field(
        default=None,
        description="A certificate with its key.",
        examples=[{"store": "main", "role": "web", "commonName": "shop.example.com"}],
    )
    totp: Totp | None = Field(
        default=None,
        description="A seed of one-time passwords.",
        examples=[{"store": "main", "key": "shop", "account": "robot", "issuer": "Shop"}],
    )
    transit_key: TransitKey | None = Field(
        default=None,
        description="A version of a key that never leaves its server.",
        examples=[{"store": "main", "key": "shop"}],
    )
    approle_secret_id: AppRoleSecretId | None = Field(
        default=None,
        description="A login of a program to OpenBao or Vault.",
        examples=[{"store": "main", "role": "shop"}],
    )
    webhook_hmac: WebhookHmac | None = Field(
        default=None, description="A key that webhooks are signed with.", examples=[{"length": 64}]
    )
    command: Command | None = Field(
        default=None,
        description="A text that a program tells a third party of.",
        examples=[{"name": "mailer-key"}],
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if len(self._given()) != 1:
            raise ValueError("exactly one of " + ", ".join(f"`{way}`" for way in sorted(WAYS)))
        return self

    def _given(self) -> list[str]:
        ways = type(self).model_fields.items()
        return [str(field.alias) for name, field in ways if getattr(self, name) is not None]

    def way(self) -> str:
        """Tell the way, by its key."""
        return self._given()[0]

    def fields(self) -> tuple[str, ...]:
        """Tell the fields of a value that is made this way."""
        return FIELDS[self.way()]

    def outputs(self) -> Iterator[tuple[tuple[str, ...], FromOutput]]:
        """Give the outputs that a value is made from, each with its path below `generate`."""
        if self.postgres_login:
            yield ("postgresLogin", "admin"), self.postgres_login.admin
            yield ("postgresLogin", "url"), self.postgres_login.url

    def stores(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """Give the secret stores whose servers make the value, with their paths as above."""
        for key, part in (
            ("certificate", self.certificate),
            ("totp", self.totp),
            ("transitKey", self.transit_key),
            ("approleSecretId", self.approle_secret_id),
        ):
            if part is not None:
                yield (key, "store"), part.store
