"""Pipeline: the way of a release through the environments of a product."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from schemas.document import Document, Part, ProductMetadata
from schemas.names import Name
from schemas.references import refuse_at
from schemas.values import Duration, Interval, Many
from schemas.windows import Windows


class Approvals(Part):
    """Whose word a release needs."""

    required: int = Field(
        default=0,
        ge=0,
        le=10,
        description="How many different people must approve a release before it comes in.",
        examples=[1],
    )
    from_: Many[Name] = Field(
        default=(),
        alias="from",
        description="Groups whose members' words count, as the settings name the groups of users. "
        "Without it, everybody's with the role `approver`.",
        examples=[["release-managers"]],
    )
    expire: Interval = Field(
        default=timedelta(days=30),
        description="How long a word counts: a duration.",
        examples=["7d"],
    )

    @model_validator(mode="after")
    def _asks_somebody(self) -> Self:
        if self.from_ and not self.required:
            refuse_at(("required",), "at least 1, since `from` says whose word is needed")
        return self


class Gates(Part):
    """Gates of which all, or at least one, must say yes."""

    all_of: Many[Name] = Field(
        default=(),
        description="Load tests that must all say yes.",
        examples=[["shop-load"]],
    )
    one_of: Many[Name] = Field(
        default=(),
        description="Load tests of which at least one must say yes.",
        examples=[["shop-load-day", "shop-load-night"]],
    )

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        if not self.all_of and not self.one_of:
            refuse_at((), "at least one of `allOf`, `oneOf`")
        for index, name in enumerate(self.one_of):
            if name in self.all_of:
                refuse_at(("oneOf", index), "a gate that is not in `allOf` as well")
        return self


def _form_of_gates(raw: object) -> str:
    return "mapping" if isinstance(raw, Mapping | Gates) else "list"


GatesField = Annotated[
    Annotated[Many[Name], Tag("list")] | Annotated[Gates, Tag("mapping")],
    Discriminator(_form_of_gates),
]


HandEdits = Literal["refuse", "approve", "accept"]
"""What somebody's edit of a pointer on the promotions branch counts as."""


class PipelineStage(Part):
    """The place of an environment in the pipeline."""

    environment: Name = Field(
        description="The environment; one of the product's.", examples=["production"]
    )
    after: Many[Name] = Field(
        default=(),
        description="Environments in which a release must be verified before it may come here. "
        "Without it, every new release may come.",
        examples=[["staging"]],
    )
    gates: GatesField = Field(
        default=(),
        description="Load tests that must say yes here before a release counts as verified: a "
        "list, all of which must, or a mapping of `allOf` and `oneOf`.",
        examples=[["shop-load"]],
    )
    soak: Duration = Field(
        default=timedelta(0),
        description="How long a release must have been verified and healthy in every stage of "
        "`after`, without drift or failed units: a duration. After a failure the time begins anew.",
        examples=["2h"],
    )
    windows: Windows = Field(
        default_factory=Windows,
        description="When releases may come here, besides what pipeline and environment say.",
        examples=[{"allow": [{"cron": "0 9 * * MON-FRI", "for": "8h"}]}],
    )
    approvals: Approvals = Field(
        default_factory=Approvals,
        description="Whose word a release needs before it comes here.",
        examples=[{"required": 1}],
    )
    auto: bool = Field(
        default=True,
        description="Let a release come by itself when everything says yes; without it, somebody "
        "asks.",
        examples=[False],
    )
    hand_edits: HandEdits = Field(
        default="refuse",
        description="What it counts as when somebody edits the stage's pointer on the promotions "
        "branch, or merges such an edit: `refuse` nothing, until a person takes it over or puts "
        "the pointer back; `approve` a wish for that release, and the approval of who merged it; "
        "gates, windows and other approvals are asked all the same; `accept` the truth, unasked.",
        examples=["approve"],
    )

    @property
    def all_of(self) -> tuple[str, ...]:
        """Gates that must all say yes."""
        return self.gates.all_of if isinstance(self.gates, Gates) else self.gates

    @property
    def one_of(self) -> tuple[str, ...]:
        """Gates of which at least one must say yes; without any, none needs to."""
        return self.gates.one_of if isinstance(self.gates, Gates) else ()

    @property
    def gate_names(self) -> tuple[str, ...]:
        """All gates that are asked."""
        return tuple(dict.fromkeys((*self.all_of, *self.one_of)))


class PipelineSpec(Part):
    """The stages of the pipeline."""

    stages: Many[PipelineStage] = Field(
        min_length=1,
        description="The stages; their order is what `after` says.",
        examples=[[{"environment": "dev"}, {"environment": "staging", "after": ["dev"]}]],
    )
    windows: Windows = Field(
        default_factory=Windows,
        description="When releases of this product may come to any of its stages.",
        examples=[{"freeze": [{"cron": "0 16 * * FRI", "for": "64h", "reason": "weekend"}]}],
    )


class Pipeline(Document):
    """How a release goes from one environment to the next."""

    kind: Literal["Pipeline"] = Field(description="`Pipeline`.", examples=["Pipeline"])
    metadata: ProductMetadata = Field(
        description="Who it is.", examples=[{"name": "shop", "product": "shop"}]
    )
    spec: PipelineSpec = Field(
        description="What it is.", examples=[{"stages": [{"environment": "dev"}]}]
    )

    def stage(self, environment: str) -> PipelineStage | None:
        """Give the stage of an environment, if it has one."""
        return next((s for s in self.spec.stages if s.environment == environment), None)
