"""Policy: what a plan may do without asking."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from schemas.document import Document, Metadata, Part
from schemas.names import Name, TreePath
from schemas.references import plain, refuse_at
from schemas.rules import BUILT_IN, KIND_WORDS, SHIPPED
from schemas.values import Many

ALL_RULES = (*BUILT_IN, *SHIPPED)
HIGHEST_RISK = 100
Level = Literal["deny", "approval", "warn"]


def _check_rule(name: str) -> str:
    if name not in ALL_RULES:
        raise ValueError("one of " + ", ".join(f"`{rule}`" for rule in sorted(ALL_RULES)))
    return name


RuleName = Annotated[
    str, AfterValidator(_check_rule), WithJsonSchema({"type": "string", "enum": list(ALL_RULES)})
]
"""A rule that comes with Trueup."""
Parameters = Annotated[Mapping[str, object], AfterValidator(plain)]
"""What is set of a policy: plain values, never references."""


class Rule(Part):
    """One rule that comes with Trueup, and what happens when a plan breaks it."""

    rule: RuleName = Field(
        description="`protected-stack`: a stack with `protect: true` would lose or replace "
        "something. `too-many-deletions`: more than `limit` resources of a unit would be destroyed "
        "or replaced. `max-risk`: the plan's risk is above `limit`. The rules whose names begin "
        "with `aws/` look at single resources: they are listed below.",
        examples=["protected-stack"],
    )
    level: Level = Field(
        description="What happens: `deny` refuses, `approval` waits for a person, `warn` only "
        "tells.",
        examples=["approval"],
    )
    limit: int | None = Field(
        default=None,
        ge=0,
        description="How many resources may go at once, for `too-many-deletions`; the highest risk "
        "that may be, for `max-risk`. Only for these.",
        examples=[3],
    )
    parameters: Parameters = Field(
        default_factory=dict,
        description="What is set of a rule, by name; each rule has its own, listed below.",
        examples=[{"tags": ["product", "owner"]}],
    )

    @model_validator(mode="after")
    def _limit_fits_the_rule(self) -> Self:
        if self.rule in {"too-many-deletions", "max-risk"} and self.limit is None:
            refuse_at((), f"`limit` for the rule `{self.rule}`")
        if self.rule not in {"too-many-deletions", "max-risk"} and self.limit is not None:
            refuse_at(("limit",), f"no limit for the rule `{self.rule}`")
        if self.rule == "max-risk" and self.limit is not None and self.limit > HIGHEST_RISK:
            refuse_at(("limit",), f"a risk from 0 to {HIGHEST_RISK}")
        return self

    @model_validator(mode="after")
    def _parameters_fit_the_rule(self) -> Self:
        shipped = SHIPPED.get(self.rule)
        known = shipped.parameters if shipped else {}
        for name, value in self.parameters.items():
            if name not in known:
                names = ", ".join(f"`{each}`" for each in known) or "no parameters"
                refuse_at(("parameters", name), f"{names} for the rule `{self.rule}`")
            if not known[name].fits(value):
                refuse_at(("parameters", name), KIND_WORDS[known[name].kind])
        for name, parameter in known.items():
            if parameter.required and name not in self.parameters:
                refuse_at((), f"`parameters` with `{name}` for the rule `{self.rule}`")
        return self


class RegoPolicy(Part):
    """Policies in Rego that lie in this repository."""

    path: TreePath = Field(
        description="A file that ends in `.rego`, or a folder of them: then they belong together. "
        "Files that end in `_test.rego` are left out.",
        examples=["policies/network.rego"],
    )
    level: Level = Field(
        default="deny",
        description="What happens when `deny` or `violation` finds something; `warn` never does "
        "more than tell. It holds as well when the policy fails.",
        examples=["approval"],
    )
    parameters: Parameters = Field(
        default_factory=dict,
        description="What the policy finds as `data.parameters`.",
        examples=[{"ports": [22, 3389]}],
    )


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
        default=(),
        description="Rules that come with Trueup.",
        examples=[[{"rule": "protected-stack", "level": "approval"}]],
    )
    rego: Many[RegoPolicy] = Field(
        default=(),
        description="Policies of your own, as conftest has them.",
        examples=[[{"path": "policies/network.rego", "level": "deny"}]],
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.rules or self.rego):
            refuse_at((), "at least one of `rules`, `rego`")
        return self


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
