"""Policy: what a plan may do without asking."""

from typing import Literal, Self

from pydantic import Field, model_validator

from schemas.document import Document, Metadata, Part
from schemas.names import Name
from schemas.references import refuse_at
from schemas.values import Many


class Rule(Part):
    """One rule, and what happens when a plan breaks it."""

    rule: Literal["protected-stack", "too-many-deletions"] = Field(
        description="`protected-stack`: a stack with `protect: true` would lose or replace "
        "something. "
        "`too-many-deletions`: more than `limit` resources of a unit would be destroyed or "
        "replaced.",
        examples=["protected-stack"],
    )
    level: Literal["deny", "approval", "warn"] = Field(
        description="What happens: `deny` refuses, `approval` waits for a person, `warn` only "
        "tells.",
        examples=["approval"],
    )
    limit: int | None = Field(
        default=None,
        ge=0,
        description="How many resources may go at once; only for `too-many-deletions`.",
        examples=[3],
    )

    @model_validator(mode="after")
    def _limit_fits_the_rule(self) -> Self:
        if self.rule == "too-many-deletions" and self.limit is None:
            refuse_at((), "`limit` for the rule `too-many-deletions`")
        if self.rule != "too-many-deletions" and self.limit is not None:
            refuse_at(("limit",), f"no limit for the rule `{self.rule}`")
        return self


class PolicySpec(Part):
    """Where the rules hold, and the rules."""

    description: str = Field(
        default="", description="Why, in a line.", examples=["Nothing that holds data goes away"]
    )
    environments: Many[Name] = Field(
        min_length=1,
        description="Where the rules hold.",
        examples=[["production"]],
    )
    rules: Many[Rule] = Field(
        min_length=1,
        description="The rules.",
        examples=[[{"rule": "protected-stack", "level": "approval"}]],
    )


class Policy(Document):
    """What a plan may do without asking."""

    kind: Literal["Policy"] = Field(description="`Policy`.", examples=["Policy"])
    metadata: Metadata = Field(description="Who it is.", examples=[{"name": "careful-with-data"}])
    spec: PolicySpec = Field(
        description="What it is.",
        examples=[
            {
                "environments": ["production"],
                "rules": [{"rule": "protected-stack", "level": "approval"}],
            }
        ],
    )
