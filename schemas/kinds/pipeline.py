"""Pipeline: the way of a release through the environments of a product."""

from typing import Literal

from pydantic import Field

from schemas.document import Document, Part, ProductMetadata
from schemas.names import Name
from schemas.values import Many


class Approvals(Part):
    """Whose word a release needs."""

    required: int = Field(
        default=0,
        ge=0,
        le=10,
        description="How many different people must approve a release before it comes in.",
        examples=[1],
    )


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
    gates: Many[Name] = Field(
        default=(),
        description="Load tests that must say yes here before a release counts as verified.",
        examples=[["shop-load"]],
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


class PipelineSpec(Part):
    """The stages of the pipeline."""

    stages: Many[PipelineStage] = Field(
        min_length=1,
        description="The stages; their order is what `after` says.",
        examples=[[{"environment": "dev"}, {"environment": "staging", "after": ["dev"]}]],
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
