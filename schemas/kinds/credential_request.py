"""CredentialRequest: somebody asks for access to a secret, or for a credential, for a while."""

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from schemas.document import Document, Metadata, Part, only_one_of
from schemas.issuing import Person
from schemas.names import Identifier
from schemas.values import Interval

_PART = "[a-z0-9-]{1,63}"
OF_ROLE = f"^{_PART}/{_PART}$"
RoleName = Annotated[str, Field(pattern=OF_ROLE)]
"""A role of an engine: `store/role`."""


class SshCertificate(Part):
    """A certificate for an SSH key that somebody has."""

    role: RoleName = Field(description="The role: `store/role`.", examples=["main/operators"])
    user: Identifier = Field(description="The user to log in as on the machines.", examples=["ops"])
    public_key: str = Field(
        pattern=r"^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/=]+( [ -~]*)?$",
        max_length=2000,
        description="The public key, as `ssh-keygen` writes it; the private one stays where it is.",
        examples=[
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGkZzrTkT2DfE5EgMz1Q5V4Yt0n7mC2s1a4b6c8d0e1f"
        ],
    )


class AskedCertificate(Part):
    """A TLS certificate with its key."""

    role: RoleName = Field(description="The role: `store/role`.", examples=["main/internal"])
    common_name: str = Field(
        pattern=r"^[A-Za-z0-9*](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?$",
        description="The name that it is for.",
        examples=["probe.internal.example.com"],
    )


class Asked(Part):
    """What is asked for: exactly one of the kinds."""

    model_config = ConfigDict(
        json_schema_extra=only_one_of("secret", "database", "sshCertificate", "certificate")
    )

    secret: Annotated[str, Field(pattern=f"^{_PART}/{_PART}/{_PART}$")] | None = Field(
        default=None,
        description="A secret that is kept: `product/environment/name`. It is shown once, and "
        "rotated at the end.",
        examples=["shop/production/shop-api-key"],
    )
    database: RoleName | None = Field(
        default=None,
        description="A login of a database, made for this request: `store/role`.",
        examples=["main/shop-reader"],
    )
    ssh_certificate: SshCertificate | None = Field(
        default=None,
        description="A certificate for an SSH key.",
        examples=[
            {
                "role": "main/operators",
                "user": "ops",
                "publicKey": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGkZzrTkT2DfE5EgMz1Q5V4Yt0n7mC2s",
            }
        ],
    )
    certificate: AskedCertificate | None = Field(
        default=None,
        description="A TLS certificate with its key.",
        examples=[{"role": "main/internal", "commonName": "probe.internal.example.com"}],
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        kinds = (self.secret, self.database, self.ssh_certificate, self.certificate)
        if sum(kind is not None for kind in kinds) != 1:
            raise ValueError("exactly one of `certificate`, `database`, `secret`, `sshCertificate`")
        return self


class CredentialRequestSpec(Part):
    """Who asks for what, for how long, and why."""

    who: Person = Field(
        description="Whom it is for, by the name of the settings: the only one who can fetch it.",
        examples=["casey"],
    )
    what: Asked = Field(
        description="What is asked for.", examples=[{"database": "main/shop-reader"}]
    )
    ttl: Interval = Field(
        description="How long it is needed: a duration, at most what the store and the secret "
        "allow.",
        examples=["1h"],
    )
    reason: str = Field(
        min_length=10,
        max_length=500,
        description="Why, in a line that an approver understands.",
        examples=["look into failed orders of ticket 4711"],
    )


class CredentialRequest(Document):
    """Somebody asks for access to a secret, or for a credential, for a while."""

    kind: Literal["CredentialRequest"] = Field(
        description="`CredentialRequest`.", examples=["CredentialRequest"]
    )
    metadata: Metadata = Field(description="Who it is.", examples=[{"name": "casey-reads-orders"}])
    spec: CredentialRequestSpec = Field(
        description="What it is.",
        examples=[
            {
                "who": "casey",
                "what": {"database": "main/shop-reader"},
                "ttl": "1h",
                "reason": "look into failed orders of ticket 4711",
            }
        ],
    )
