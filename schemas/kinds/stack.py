"""Stack: one instance of a module, in every environment of its product."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema

from schemas.document import Document, Part, ProductMetadata
from schemas.drift import Drift, Import
from schemas.names import Name, ProviderName, TreePath
from schemas.references import FromPath, read_entries, references_in
from schemas.values import Many

Inputs = Annotated[
    Mapping[str, object], AfterValidator(read_entries), WithJsonSchema({"type": "object"})
]


class StackEnvironment(Part):
    """What is different in one environment."""

    inputs: Inputs = Field(
        default_factory=dict,
        description="Inputs laid over the stack's own: mappings are merged, all else is replaced.",
        examples=[{"replicas": 3}],
    )


class StackSpec(Part):
    """The module, its inputs, and how carefully the result is looked after."""

    module: TreePath = Field(
        description="The module: a folder below `modules/`, in the repository or shipped with "
        "Trueup.",
        examples=["modules/local/service"],
    )
    depends_on: Many[Name] = Field(
        default=(),
        description="Stacks that come first. What the inputs refer to comes first by itself.",
        examples=[["shop-db"]],
    )
    inputs: Inputs = Field(
        default_factory=dict,
        description="Values for the variables of the module. At any depth, `{output: stack.name}`, "
        "`{secret: name}` and `{path: folder}` are references, and `{literal: …}` is taken as it "
        "is.",
        examples=[{"replicas": 1, "env": {"DATABASE_URL": {"output": "shop-db.url"}}}],
    )
    environments: Mapping[Name, StackEnvironment] = Field(
        default_factory=dict,
        description="What is different in one environment, by its name.",
        examples=[{"production": {"inputs": {"replicas": 3}}}],
    )
    providers: Mapping[ProviderName, ProviderName] = Field(
        default_factory=dict,
        description="Which configuration of a provider the module gets: what the module calls it, "
        "and what the environment does. One that is not here is called the same in both.",
        examples=[{"aws": "aws.us_east_1", "aws.dns": "aws.shared"}],
    )
    drift: Drift = Field(
        default_factory=Drift,
        description="What to do when the world is not as it was applied.",
        examples=[{"mode": "correct", "every": "10m"}],
    )
    imports: Many[Import] = Field(
        default=(),
        alias="import",
        description="Things that are there already and are taken over; once that is applied, an "
        "entry does nothing more.",
        examples=[[{"environment": "dev", "to": "aws_s3_bucket.this", "id": "shop-receipts-dev"}]],
    )
    protect: bool = Field(
        default=False,
        description="Never destroyed or replaced without an explicit approval.",
        examples=[True],
    )
    deletion_policy: Literal["destroy", "orphan", "refuse"] = Field(
        default="refuse",
        description="When the document is gone: `destroy` what it made, `orphan` it (forget it, "
        "leave "
        "it running), or `refuse`: keep it and report it until somebody decides.",
        examples=["destroy"],
    )


class Stack(Document):
    """One instance of a module with inputs, in every environment that its product has."""

    kind: Literal["Stack"] = Field(description="`Stack`.", examples=["Stack"])
    metadata: ProductMetadata = Field(
        description="Who it is.", examples=[{"name": "shop-api", "product": "shop"}]
    )
    spec: StackSpec = Field(
        description="What it is.", examples=[{"module": "modules/local/service"}]
    )

    def inputs_in(self, environment: str) -> Mapping[str, object]:
        """Give the inputs that hold in an environment; references are still references."""
        own = self.spec.environments.get(environment)
        return merge_inputs(self.spec.inputs, own.inputs if own else {})

    def paths(self) -> tuple[str, ...]:
        """Give the folders of the repository that the inputs refer to, in any environment."""
        inputs = (self.spec.inputs, *(own.inputs for own in self.spec.environments.values()))
        found = {reference for each in inputs for _, reference in references_in(each)}
        return tuple(sorted(r.path for r in found if isinstance(r, FromPath)))


def merge_inputs(under: Mapping[str, object], over: Mapping[str, object]) -> dict[str, object]:
    """Lay one mapping over another: mappings are merged at every depth, all else is replaced."""
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            merged[key] = merge_inputs(below, value)
        else:
            merged[key] = value
    return merged
