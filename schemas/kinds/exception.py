"""Exception: a finding that is allowed for now."""

from collections.abc import Iterable
from datetime import date
from fnmatch import fnmatchcase
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)

from schemas.document import Document, Metadata, Part, only_one_of
from schemas.kinds.policy import ALL_RULES
from schemas.names import Name, check_path
from schemas.references import refuse_at
from schemas.values import Day, Many

Pattern = Annotated[
    str, Field(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9_./@+*?-]+$"), "a glob"
]
"""A text in which `*` stands for any text and `?` for one letter."""


Address = Annotated[
    str, Field(min_length=1, max_length=500, pattern=r"^[A-Za-z0-9_.\-*?]+$"), "an address, a glob"
]
"""Like a pattern; for what stands in brackets in an address there is `*`."""
RISK = "risk/"


def _check_rule(name: str) -> str:
    if name in ALL_RULES or name.startswith(RISK):
        return name
    if name.startswith("aws/") or not ("/" in name or name.endswith(".rego")):
        words = ", ".join(f"`{rule}`" for rule in sorted(ALL_RULES))
        raise ValueError(f"one of {words}, the path of a policy in Rego, or `risk/…`")
    return check_path(name)


AllowedRule = Annotated[
    str, Field(max_length=200), AfterValidator(_check_rule), WithJsonSchema({"type": "string"})
]
"""What an exception allows a finding of."""


class Where(Part):
    """What the exception is for: everything that is given must fit, one word of each list."""

    products: Many[Pattern] = Field(
        default=(),
        description="Products, by name; `*` stands for any text. Without it, all.",
        examples=[["shop"]],
    )
    documents: Many[Pattern] = Field(
        default=(),
        description="Documents, as `Kind/name`; `*` stands for any text. Without it, all.",
        examples=[["Stack/shop-api"]],
    )
    paths: Many[Pattern] = Field(
        default=(),
        description="Files of the repository; `*` stands for any text, also for `/`. Without it, "
        "all. Only for a `code`.",
        examples=[["products/shop/*.yaml"]],
    )
    environments: Many[Pattern] = Field(
        default=(),
        description="Environments, by name; `*` stands for any text. Without it, all. Not for a "
        "`code`.",
        examples=[["dev"]],
    )
    addresses: Many[Address] = Field(
        default=(),
        description="Resources, by address; `*` stands for any text. Without it, all that the rule "
        "finds. Only for a `rule`.",
        examples=[["module.this.aws_s3_bucket.*"]],
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.products or self.documents or self.paths or self.environments):
            refuse_at((), "at least one of `products`, `documents`, `paths`, `environments`")
        return self


class PromotionAllowed(Part):
    """Which release may come at a time when none may."""

    commit: str | None = Field(
        default=None,
        pattern=r"^[0-9a-f]{7,64}$",
        description="The release, by its commit or the beginning of it, at least 7 digits, in "
        "quotes. Without it, every release.",
        examples=["9fceb02d0ae598e95dc970b74767f19372d61af8"],
    )


class ExceptionSpec(Part):
    """What is allowed, where, why, on whose word, and until when."""

    model_config = ConfigDict(json_schema_extra=only_one_of("code", "rule"))

    code: Literal["load/plaintext-secret"] | None = Field(
        default=None,
        description="The code of the diagnostic that is allowed. Either this or `rule`.",
        examples=["load/plaintext-secret"],
    )
    rule: AllowedRule | None = Field(
        default=None,
        description="The rule of policy whose finding is allowed: a rule that comes with Trueup, "
        "the path of a policy in Rego, or `risk/` and the code of a reason of risk, which then "
        "weighs nothing. Either this or `code`.",
        examples=["too-many-deletions"],
    )
    promotion: PromotionAllowed | None = Field(
        default=None,
        description="Let a promotion through freeze windows, and outside of allow windows, of the "
        "products and environments in `where`.",
        examples=[{"commit": "9fceb02d0ae598e95dc970b74767f19372d61af8"}],
    )
    where: Where = Field(
        description="What it is for: everything given must fit.",
        examples=[{"products": ["shop"], "documents": ["Stack/shop-api"]}],
    )
    owner: Name = Field(description="The team that answers for it.", examples=["team-shop"])
    reason: str = Field(
        min_length=10,
        description="Why it is allowed, in a line that somebody else understands.",
        examples=["the demo account of a vendor; it can do nothing"],
    )
    expires: Day = Field(
        description="The last day on which it holds, in UTC and in quotes.", examples=["2027-01-31"]
    )

    @model_validator(mode="after")
    def _allows_one_thing(self) -> Self:
        given = [each for each in (self.code, self.rule, self.promotion) if each is not None]
        if len(given) != 1:
            refuse_at((), "exactly one of `code`, `rule`, `promotion`")
        if self.promotion is not None:
            self._allows_a_promotion()
            return self
        if self.code is None and self.where.paths:
            refuse_at(("where", "paths"), "no `paths` for a `rule`")
        if self.rule is None and self.where.environments:
            refuse_at(("where", "environments"), "no `environments` for a `code`")
        if self.rule is None and self.where.addresses:
            refuse_at(("where", "addresses"), "no `addresses` for a `code`")
        return self

    def _allows_a_promotion(self) -> None:
        for name in ("documents", "paths", "addresses"):
            if getattr(self.where, name):
                refuse_at(("where", name), f"no `{name}` for a `promotion`")
        for name in ("products", "environments"):
            if not getattr(self.where, name):
                refuse_at(("where",), f"`{name}`, since it is for a `promotion`")


class AllowedFinding(Document):
    """A finding that is allowed for now; the YAML calls it `Exception`."""

    model_config = ConfigDict(title="Exception")

    kind: Literal["Exception"] = Field(description="`Exception`.", examples=["Exception"])
    metadata: Metadata = Field(description="Who it is.", examples=[{"name": "vendor-demo-key"}])
    spec: ExceptionSpec = Field(
        description="What it is.",
        examples=[
            {
                "code": "load/plaintext-secret",
                "where": {"documents": ["Stack/shop-api"]},
                "owner": "team-shop",
                "reason": "the demo account of a vendor; it can do nothing",
                "expires": "2027-01-31",
            }
        ],
    )

    def has_expired(self, today: date) -> bool:
        """Tell whether its last day is over."""
        return today > self.spec.expires

    def covers(
        self, *, product: str, document: str, path: str | None = None, environment: str = ""
    ) -> bool:
        """Tell whether it is for this: a document as `Kind/name`, a file, an environment."""
        where = self.spec.where
        return (
            _fits(product, where.products)
            and _fits(document, where.documents)
            and _fits(path or "", where.paths)
            and _fits(environment, where.environments)
        )


def _fits(word: str, patterns: Iterable[str]) -> bool:
    known = tuple(patterns)
    return not known or any(fnmatchcase(word, pattern) for pattern in known)
