"""Product: what a team owns."""

from typing import Literal

from pydantic import Field

from schemas.document import Document, Metadata, Part
from schemas.names import Name
from schemas.values import Many


class ProductSpec(Part):
    """The team, and where the product's stacks live."""

    title: str = Field(default="", description="The name for people.", examples=["The web shop"])
    owner: Name = Field(description="The team that is asked.", examples=["team-shop"])
    environments: Many[Name] = Field(
        min_length=1,
        description="Where every stack of the product lives.",
        examples=[["dev", "staging", "production"]],
    )


class Product(Document):
    """What a team owns: stacks, secrets, load tests and a pipeline refer to it by name."""

    kind: Literal["Product"] = Field(description="`Product`.", examples=["Product"])
    metadata: Metadata = Field(description="Who it is.", examples=[{"name": "shop"}])
    spec: ProductSpec = Field(
        description="What it is.", examples=[{"owner": "team-shop", "environments": ["dev"]}]
    )
