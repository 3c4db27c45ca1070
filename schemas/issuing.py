"""What may be given to people for a while, and from which engines of a secret store it comes."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from schemas.document import Part
from schemas.names import Identifier, Name, json_text
from schemas.references import refuse_at
from schemas.values import Interval, Many

SHORTEST = timedelta(minutes=1)
LONGEST = timedelta(days=30)
_LONGEST_NAME = 100
_PERSON_WORDS = "the name of a user of the settings, in one line of at most 100 letters"
_ADDRESS = r"^postgresql://\{\{username\}\}:\{\{password\}\}@[^\s{}'\"]+$"
_DOMAIN = r"^[a-z0-9*](?:[a-z0-9.-]{0,250}[a-z0-9])?$"


def _check_person(text: str) -> str:
    if not text or len(text) > _LONGEST_NAME or not text.isprintable() or text != text.strip():
        raise ValueError(_PERSON_WORDS)
    return text


Person = Annotated[
    str, AfterValidator(_check_person), json_text(r"^\S(.{0,98}\S)?$", _PERSON_WORDS)
]
"""A user of the settings: a person or a service account."""


class Issue(Part):
    """What may be asked for, and who says yes."""

    max_ttl: Interval = Field(
        description="The longest time that it is given for: a duration from `1m` to `30d`.",
        examples=["8h"],
    )
    approvals: int = Field(
        default=1,
        ge=1,
        le=5,
        description="How many people must say yes; never the one who asks, nor the one whom it is "
        "for.",
        examples=[2],
    )
    approvers: Many[Person] = Field(
        default=(),
        description="Whose word counts, by the names of the settings. Without it, everybody with "
        "the role `approver`.",
        examples=[["dana", "robin"]],
    )

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        if not SHORTEST <= self.max_ttl <= LONGEST:
            refuse_at(("maxTtl",), "a duration from `1m` to `30d`")
        if self.approvers and len(set(self.approvers)) < self.approvals:
            refuse_at(("approvers",), "at least as many people as `approvals` asks for")
        return self


class StoreIssue(Issue):
    """What may be asked for from this store, and how it is handed over."""

    answer_within: Interval = Field(
        default=timedelta(days=1),
        description="How long a request waits for its approvals: a duration.",
        examples=["1d"],
    )
    fetch_within: Interval = Field(
        default=timedelta(hours=8),
        description="How long what was approved waits to be fetched: a duration.",
        examples=["8h"],
    )
    wrap_ttl: Interval = Field(
        default=timedelta(minutes=5),
        description="How long the one-time token of the delivery lives: a duration.",
        examples=["5m"],
    )
    token_role: Name = Field(
        default="trueup-issue",
        description="The token role of the server that the credentials are made under.",
        examples=["trueup-issue"],
    )

    @model_validator(mode="after")
    def _token_is_short_lived(self) -> Self:
        if self.wrap_ttl > timedelta(hours=1):
            refuse_at(("wrapTtl",), "a duration of at most `1h`")
        return self


class Connection(Part):
    """How the embedded server reaches a database that it makes logins in."""

    url: str = Field(
        pattern=_ADDRESS,
        max_length=500,
        description="The address, with `{{username}}` and `{{password}}` where they belong.",
        examples=["postgresql://{{username}}:{{password}}@db.example.com:5432/shop"],
    )
    username: Identifier = Field(
        description="A login that may make roles.", examples=["trueup_issuer"]
    )
    password: str = Field(
        pattern=r"^[a-z0-9-]+/[a-z0-9-]+/[a-z0-9-]+$",
        description="The secret of this store whose field `value` is its password: "
        "`product/environment/name`.",
        examples=["shop/production/issuer-password"],
    )


class DatabaseRole(Part):
    """A login of a database that is made for one request, and dropped at its end."""

    name: Name = Field(description="The role of the engine.", examples=["shop-reader"])
    connection: Connection | None = Field(
        default=None,
        description="How the embedded server reaches the database.",
        examples=[
            {
                "url": "postgresql://{{username}}:{{password}}@db.example.com:5432/shop",
                "username": "trueup_issuer",
                "password": "shop/production/issuer-password",
            }
        ],
    )
    statements: Many[str] = Field(
        default=(),
        description="What the embedded server runs to make a login; `{{name}}`, `{{password}}` and "
        "`{{expiration}}` are filled in.",
        examples=[
            ["CREATE ROLE \"{{name}}\" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'"]
        ],
    )
    issue: Issue | None = Field(
        default=None,
        description="Stricter limits than those of the store.",
        examples=[{"maxTtl": "1h", "approvals": 2}],
    )

    @model_validator(mode="after")
    def _login_ends(self) -> Self:
        wanted = ("{{name}}", "{{password}}", "{{expiration}}")
        if self.statements and not all(word in " ".join(self.statements) for word in wanted):
            refuse_at(("statements",), "`{{name}}`, `{{password}}` and `{{expiration}}` in them")
        return self


class SshRole(Part):
    """A certificate for an SSH key."""

    name: Name = Field(description="The role of the engine.", examples=["operators"])
    users: Many[Identifier] = Field(
        default=(),
        description="The users of the machines that the embedded server certifies for.",
        examples=[["ops"]],
    )
    issue: Issue | None = Field(
        default=None,
        description="Stricter limits than those of the store.",
        examples=[{"maxTtl": "1h"}],
    )


class PkiRole(Part):
    """A TLS certificate with its key."""

    name: Name = Field(description="The role of the engine.", examples=["internal"])
    domains: Many[Annotated[str, Field(pattern=_DOMAIN)]] = Field(
        default=(),
        description="The domains below which the embedded server certifies names.",
        examples=[["internal.example.com"]],
    )
    issue: Issue | None = Field(
        default=None,
        description="Stricter limits than those of the store.",
        examples=[{"maxTtl": "1d"}],
    )


class DatabaseEngine(Part):
    """The database engine."""

    mount: str = Field(
        default="issue-database",
        pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$",
        description="Where it is mounted; the embedded server knows the default only.",
        examples=["database"],
    )
    roles: Many[DatabaseRole] = Field(
        min_length=1, description="What may be asked for.", examples=[[{"name": "shop-reader"}]]
    )


class SshEngine(Part):
    """The SSH engine, as an authority that signs keys."""

    mount: str = Field(
        default="issue-ssh",
        pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$",
        description="Where it is mounted; the embedded server knows the default only.",
        examples=["ssh"],
    )
    roles: Many[SshRole] = Field(
        min_length=1,
        description="What may be asked for.",
        examples=[[{"name": "operators", "users": ["ops"]}]],
    )


class PkiEngine(Part):
    """The PKI engine."""

    mount: str = Field(
        default="issue-pki",
        pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$",
        description="Where it is mounted; the embedded server knows the default only.",
        examples=["pki"],
    )
    roles: Many[PkiRole] = Field(
        min_length=1,
        description="What may be asked for.",
        examples=[[{"name": "internal", "domains": ["internal.example.com"]}]],
    )


class Engines(Part):
    """What makes credentials that live for a while."""

    database: DatabaseEngine | None = Field(
        default=None,
        description="Logins of databases.",
        examples=[{"mount": "database", "roles": [{"name": "shop-reader"}]}],
    )
    ssh: SshEngine | None = Field(
        default=None,
        description="Certificates for SSH keys.",
        examples=[{"roles": [{"name": "operators", "users": ["ops"]}]}],
    )
    pki: PkiEngine | None = Field(
        default=None,
        description="TLS certificates.",
        examples=[{"roles": [{"name": "internal", "domains": ["internal.example.com"]}]}],
    )

    def roles(self) -> Iterator[tuple[str, int, DatabaseRole | SshRole | PkiRole]]:
        """Give each role with its engine and its place there."""
        groups: tuple[tuple[str, Sequence[DatabaseRole | SshRole | PkiRole]], ...] = (
            ("database", self.database.roles if self.database else ()),
            ("ssh", self.ssh.roles if self.ssh else ()),
            ("pki", self.pki.roles if self.pki else ()),
        )
        for word, roles in groups:
            for index, role in enumerate(roles):
                yield word, index, role


def refuse_unfit(engines: Engines, *, is_embedded: bool) -> None:
    """Refuse engines that do not fit their server: what sets up roles is for the embedded one."""
    needs = {"database": ("connection", "statements"), "ssh": ("users",), "pki": ("domains",)}
    seen: set[tuple[str, str]] = set()
    for word, index, role in engines.roles():
        path = ("engines", word, "roles", index)
        if (word, role.name) in seen:
            refuse_at((*path, "name"), "each role once")
        seen.add((word, role.name))
        for key in needs[word]:
            is_there = bool(getattr(role, key))
            if is_embedded and not is_there:
                refuse_at(path, f"`{key}`: the embedded server makes the role from it")
            if is_there and not is_embedded:
                refuse_at((*path, key), f"no `{key}`: the role of your server says that")
    if is_embedded:
        for word, engine in (
            ("database", engines.database), ("ssh", engines.ssh), ("pki", engines.pki),
        ):  # fmt: skip
            if engine is not None and engine.mount != f"issue-{word}":
                refuse_at(("engines", word, "mount"), f"`issue-{word}` in the embedded server")
