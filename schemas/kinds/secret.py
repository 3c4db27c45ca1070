"""Secret: how it comes to be, where it goes, and when it changes. Never its value."""

from string import Formatter
from typing import Literal, Self

from pydantic import Field, model_validator

from schemas.document import Document, Part, ProductMetadata
from schemas.generate import Generate
from schemas.issuing import Issue
from schemas.names import Name
from schemas.references import refuse_at
from schemas.rotation import Consumer, Rotation
from schemas.values import Many

PLACE = r"^[A-Za-z0-9_{}][A-Za-z0-9_.{}-]*(/[A-Za-z0-9_{}][A-Za-z0-9_.{}-]*)+$"


class DeliverFile(Part):
    """A file that only its consumer can read."""

    template: str | None = Field(
        default=None,
        description="The content; `{name}` stands for a field of the secret: `{value}` and "
        "`{previous}` of a random one, `{username}`, `{password}`, `{host}`, `{port}` and "
        "`{database}` of a login. Without it: the value, and on a second line the previous one "
        "while it still works. What has no field `value` needs one.",
        examples=["postgresql://{username}:{password}@{host}:{port}/{database}"],
    )
    mode: str = Field(
        default="0600",
        pattern=r"^0[46][04]0$",
        description="Who may read it, as an octal number: its owner, and with `4` in the third "
        "place its group. Everybody is not possible.",
        examples=["0440"],
    )
    owner: str = Field(
        default="",
        pattern=r"^$|^[a-z_][a-z0-9_-]{0,31}(:[a-z_][a-z0-9_-]{0,31})?$|^:[a-z_][a-z0-9_-]{0,31}$",
        description="Whose it is on the controller's machine: `user`, `user:group` or `:group`. "
        "Without it, the controller's. Another user needs a controller that runs as root.",
        examples=["shop:shop"],
    )


class CopyToStore(Part):
    """Another path, or the store of another vendor."""

    store: Name = Field(description="The secret store.", examples=["aws"])
    path: str = Field(
        pattern=PLACE,
        max_length=512,
        description="The path there; `{product}` and `{environment}` are filled in.",
        examples=["apps/shop/{environment}/db"],
    )


class CopyToGitHub(Part):
    """A GitHub Actions secret; the settings of the controller hold the token."""

    repository: str = Field(
        pattern=r"^[A-Za-z0-9-]+/[A-Za-z0-9][A-Za-z0-9._-]*$",
        description="`owner/name` of the repository.",
        examples=["example/shop"],
    )
    name: str = Field(
        pattern=r"^[A-Z_{][A-Z0-9_{}]*$",
        max_length=200,
        description="Its name; `{PRODUCT}` and `{ENVIRONMENT}` are filled in.",
        examples=["DB_URL_{ENVIRONMENT}"],
    )


class Copy(Part):
    """One more place that the secret is copied to: `store` or `github`."""

    store: CopyToStore | None = Field(
        default=None,
        description="A path of a secret store.",
        examples=[{"store": "aws", "path": "apps/shop/{environment}/db"}],
    )
    github: CopyToGitHub | None = Field(
        default=None,
        description="A GitHub Actions secret.",
        examples=[{"repository": "example/shop", "name": "DB_URL_{ENVIRONMENT}"}],
    )
    template: str | None = Field(
        default=None,
        description="One text, as in `file`; it is the field `value`. Without it, all fields are "
        "copied (to GitHub: `{value}`).",
        examples=["postgresql://{username}:{password}@{host}:{port}/{database}"],
    )
    existing: Literal["refuse", "overwrite"] = Field(
        default="refuse",
        description="What happens to something there that Trueup did not write. What belongs to "
        "another secret is never overwritten.",
        examples=["refuse"],
    )
    removal: Literal["orphan", "delete"] = Field(
        default="orphan",
        description="What happens to the copy when this entry goes away: it stays, "
        "or it is deleted if it is still what was delivered.",
        examples=["delete"],
    )
    drift: Literal["correct", "report"] = Field(
        default="correct",
        description="What happens when somebody else changes the copy.",
        examples=["report"],
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.store is None) == (self.github is None):
            raise ValueError("exactly one of `github`, `store`")
        return self


class Deliver(Part):
    """Where it is brought to."""

    file: DeliverFile = Field(
        default_factory=DeliverFile,
        description="A file; `{secret: name}` in a stack's inputs is its path.",
        examples=[{"template": "{value}"}],
    )
    copies: tuple[Copy, ...] = Field(
        default=(),
        description="More places that it is copied to.",
        examples=[[{"store": {"store": "aws", "path": "apps/shop/{environment}/db"}}]],
    )


class SecretSpec(Part):
    """How it comes to be, where it goes, and when it changes."""

    store: Name = Field(description="The secret store that keeps it.", examples=["main"])
    generate: Generate | None = Field(
        default=None,
        description="How a value is made. Without it, a person writes the value into the store.",
        examples=[{"random": {"length": 32}}],
    )
    deliver: Deliver = Field(
        default_factory=Deliver,
        description="Where it is brought to, for those who read it.",
        examples=[{"file": {}}],
    )
    rotation: Rotation | None = Field(
        default=None,
        description="When it changes. Without it, only when somebody asks.",
        examples=[{"every": "30d", "grace": "1h"}],
    )
    consumers: Many[Consumer] = Field(
        default=(),
        description="Who uses it. The old one ends only when all of those that tell have the new "
        "one.",
        examples=[[{"name": "proxy", "ack": "signal", "pidFile": "proxy"}]],
    )
    issue: Issue | None = Field(
        default=None,
        description="Whether people may ask to see it, within what its store allows. Without it, "
        "nobody may.",
        examples=[{"maxTtl": "1h", "approvals": 2}],
    )

    @model_validator(mode="after")
    def _template_fits(self) -> Self:
        template = self.deliver.file.template
        if template is None:
            if self.generate and "value" not in self.generate.fields():
                refuse_at(("deliver",), f"`file: {{template: …}}` for a `{self.generate.way()}`")
            return self
        path = ("deliver", "file", "template")
        used = _placeholders(template)
        if used is None:
            refuse_at(path, "`{name}` for a field, `{{` and `}}` for braces")
        known = self.generate.fields() if self.generate else None
        if known is not None and not used <= set(known):
            refuse_at(path, "fields among " + ", ".join(f"`{{{name}}}`" for name in known))
        return self


def _placeholders(template: str) -> set[str] | None:
    used: set[str] = set()
    try:
        for _, name, form, conversion in Formatter().parse(template):
            if name is not None:
                if not name.isidentifier() or form or conversion:
                    return None
                used.add(name)
    except ValueError:
        return None
    return used


class Secret(Document):
    """A secret by name: how it comes to be, where it goes, when it changes. Never its value."""

    kind: Literal["Secret"] = Field(description="`Secret`.", examples=["Secret"])
    metadata: ProductMetadata = Field(
        description="Who it is.", examples=[{"name": "shop-api-key", "product": "shop"}]
    )
    spec: SecretSpec = Field(
        description="What it is.", examples=[{"store": "main", "generate": {"random": {}}}]
    )
