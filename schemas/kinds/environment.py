"""Environment: a place where stacks live."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema

from schemas.document import Document, Metadata, Part
from schemas.names import Name, check_provider
from schemas.references import Step, plain, references_in, refuse_at
from schemas.state_backends import LocalState, State
from schemas.values import Interval
from schemas.windows import Windows


def _check_keys(value: object, path: tuple[Step, ...]) -> None:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if "${" in key or "%{" in key:
                refuse_at((*path, key), "a key without `${` or `%{`")
            _check_keys(inner, (*path, key))
    elif isinstance(value, tuple):
        for index, inner in enumerate(value):
            _check_keys(inner, (*path, index))


def _check_providers(raw: Mapping[str, Mapping[str, object]]) -> Mapping[str, Mapping[str, object]]:
    providers: dict[str, Mapping[str, object]] = {}
    for name, configuration in raw.items():
        try:
            check_provider(name)
        except ValueError as error:
            refuse_at((name,), str(error))
        if "alias" in configuration:
            refuse_at((name, "alias"), f"the alias in the key, as `{name.partition('.')[0]}.other`")
        value = {key: plain(inner) for key, inner in configuration.items()}
        _check_keys(value, (name,))
        assert not any(references_in(value))  # noqa: S101 - `plain` makes none
        providers[name] = value
    return providers


Providers = Annotated[
    Mapping[str, Mapping[str, object]],
    AfterValidator(_check_providers),
    WithJsonSchema({"type": "object", "additionalProperties": {"type": "object"}}),
]


class Sync(Part):
    """When the environment is brought to what the repository says."""

    mode: Literal["auto", "manual"] = Field(
        default="auto",
        description="`auto` applies what policy allows; `manual` plans, and applies when asked to.",
        examples=["auto"],
    )
    every: Interval = Field(
        default=timedelta(minutes=5),
        description="How often to look when nothing calls: a duration.",
        examples=["5m"],
    )


class Backlog(Part):
    """When many changes at once are let go slowly, or only after somebody has looked."""

    after: Interval = Field(
        default=timedelta(hours=1),
        description="A pause that is longer makes a backlog: the controller did not run, the "
        "repository or a provider did not answer, or the environment was suspended. A duration.",
        examples=["1h"],
    )
    ask: int = Field(
        default=20,
        ge=0,
        le=100_000,
        description="After such a pause: more units with changes than this wait for "
        "`trueup approve`; up to as many are let go 1, 2, 4 … at a time. Plans without changes do "
        "not count.",
        examples=[20],
    )
    drifted: int = Field(
        default=5,
        ge=0,
        le=100_000,
        description="When more units than this have drifted within `after`, nothing is put back by "
        "itself any more: `trueup approve` lets it go.",
        examples=[5],
    )


class Limits(Part):
    """How much may happen at a time."""

    concurrent_applies: int = Field(
        default=2,
        ge=1,
        le=64,
        description="How many units may be applied at the same time.",
        examples=[2],
    )
    per_account: int | None = Field(
        default=None,
        ge=1,
        le=64,
        description="How many units of the same `account` may be applied at the same time, in all "
        "environments that name it; of several numbers the least holds.",
        examples=[4],
    )
    starts_per_minute: int | None = Field(
        default=None,
        ge=1,
        le=6000,
        description="How many runs of the engine (plan and apply, or a look for drift) may begin "
        "in a minute for the same `account`.",
        examples=[30],
    )
    backlog: Backlog = Field(
        default_factory=Backlog,
        description="When many changes at once are let go slowly, or asked for.",
        examples=[{"ask": 20, "after": "1h", "drifted": 5}],
    )


class EnvironmentSpec(Part):
    """The engine, its providers, and how eagerly it is used."""

    description: str = Field(
        default="", description="What it is for, in a line.", examples=["What customers use"]
    )
    engine: Literal["tofu", "terraform", "embedded", "auto"] = Field(
        default="auto",
        description="What applies: `auto` takes tofu on PATH, then terraform, then the embedded "
        "one.",
        examples=["embedded"],
    )
    providers: Providers = Field(
        default_factory=dict,
        description="The Terraform providers that modules may use here, by local name, each with "
        "its configuration. Values are literal: `${…}` is not evaluated. `aws.us_east_1` is one "
        "more configuration of `aws`, laid over that; `null` takes a value of it away.",
        examples=[{"aws": {"region": "eu-west-1"}, "aws.us_east_1": {"region": "us-east-1"}}],
    )
    account: Name | None = Field(
        default=None,
        description="The provider's account that things are made in, by any name: environments "
        "with the same one share its limits, and are slowed together when the provider asks for "
        "fewer requests. Without it each environment has an account of its own.",
        examples=["aws-shared"],
    )
    state: State = Field(
        default_factory=LocalState,
        description="Where the engine keeps its states.",
        examples=[{"backend": "s3", "bucket": "acme-states", "region": "eu-central-1"}],
    )
    sync: Sync = Field(
        default_factory=Sync,
        description="When it is brought to what the repository says.",
        examples=[{"mode": "auto", "every": "5m"}],
    )
    limits: Limits = Field(
        default_factory=Limits,
        description="How much may happen at a time.",
        examples=[{"concurrentApplies": 2}],
    )
    windows: Windows = Field(
        default_factory=Windows,
        description="When releases, of whatever product, may come here. Drift is put back and "
        "secrets are rotated at any time.",
        examples=[{"freeze": [{"cron": "0 16 * * FRI", "for": "64h", "reason": "weekend"}]}],
    )
    suspended: bool = Field(
        default=False,
        description="Leave everything here as it is: nothing is planned or applied.",
        examples=[True],
    )

    def provider(self, name: str) -> Mapping[str, object]:
        """Give a configuration: of one with an alias, over that of the provider itself."""
        own, main = self.providers.get(name, {}), name.partition(".")[0]
        if name == main:
            return own
        laid = {**self.providers.get(main, {}), **own}
        return {key: value for key, value in laid.items() if value is not None}


class Environment(Document):
    """A place where stacks live: dev, staging, production."""

    kind: Literal["Environment"] = Field(description="`Environment`.", examples=["Environment"])
    metadata: Metadata = Field(description="Who it is.", examples=[{"name": "dev"}])
    spec: EnvironmentSpec = Field(
        default_factory=EnvironmentSpec,
        description="What it is.",
        examples=[{"engine": "embedded", "providers": {"localcloud": {}}}],
    )
