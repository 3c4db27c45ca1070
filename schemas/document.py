"""What all documents have in common."""

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from pydantic.config import JsonDict

from schemas.names import Name

API_VERSION = "platform/v1"


def only_one_of(*keys: str) -> JsonDict:
    """Give the JSON Schema of a part with one of two keys; one without a value is not there.

    Not `oneOf`: editors then offer every key twice, and call an unknown key two faults.
    """
    given: JsonDict = {key: {"not": {"type": "null"}} for key in keys}
    return {"minProperties": 1, "not": {"required": list(keys), "properties": given}}


class Part(BaseModel):
    """A part of a document: camelCase keys in YAML, no unknown keys, nothing is guessed."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        alias_generator=to_camel,
        arbitrary_types_allowed=True,
        hide_input_in_errors=True,
        defer_build=True,
        protected_namespaces=(),
    )


class Metadata(Part):
    """Who a document is."""

    name: Name = Field(
        description="The name; one of a kind (and product) in the repository.",
        examples=["shop-api"],
    )
    labels: Mapping[str, str] = Field(
        default_factory=dict,
        description="Words to find the document by; they change nothing.",
        examples=[{"tier": "web"}],
    )
    description: str | None = Field(
        default=None, description="What it is for, in a line.", examples=["Takes the orders"]
    )


class ProductMetadata(Metadata):
    """Who a document of a product is."""

    product: Name = Field(description="The product that it belongs to.", examples=["shop"])


class Document(Part):
    """A document: `apiVersion`, `kind`, `metadata`, and the `spec` that each kind adds."""

    api_version: Literal["platform/v1"] = Field(
        description="The version of this schema.", examples=["platform/v1"]
    )
    kind: str = Field(description="What the document describes.", examples=["Stack"])
    metadata: Metadata = Field(description="Who it is.", examples=[{"name": "shop"}])

    @property
    def product(self) -> str:
        """The product that the document belongs to; empty for platform documents."""
        return self.metadata.product if isinstance(self.metadata, ProductMetadata) else ""
