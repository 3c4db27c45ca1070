"""LoadTest: a gate that puts load on an environment and measures."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Literal, Self

from pydantic import Field, model_validator

from schemas.document import Document, Part, ProductMetadata
from schemas.names import Identifier, TreePath
from schemas.references import TextField, refuse_at
from schemas.values import Duration, Interval, Many, ThresholdField, ThresholdUnit

Measure = Literal["p50", "p90", "p95", "p99", "max", "errorRate", "throughput"]

_UNIT_WORDS: Mapping[ThresholdUnit, str] = {
    "milliseconds": 'an upper limit in time, such as `"<150ms"`',
    "share": 'an upper limit in percent, such as `"<1%"`',
    "per_second": 'a lower limit in requests a second, such as `">30/s"`',
}


class Objective(Part):
    """One number, and what it must keep."""

    measure: Measure = Field(
        description="What is measured: a latency percentile or the longest latency, the share of "
        "requests that failed, or the requests a second that succeeded.",
        examples=["p95"],
    )
    pass_: ThresholdField = Field(
        alias="pass",
        description="Within this limit the gate says pass: milliseconds, percent or requests a "
        "second.",
        examples=["<150ms"],
    )
    warning: ThresholdField | None = Field(
        default=None,
        description="Beyond `pass` but within this limit the gate says warn; beyond both it says "
        "fail.",
        examples=["<200ms"],
    )
    endpoint: str | None = Field(
        default=None,
        description="Only requests of this name, as the Locust file calls them. Without it, all.",
        examples=["POST /orders"],
    )

    @property
    def unit(self) -> ThresholdUnit:
        """The unit that the measure has."""
        match self.measure:
            case "errorRate":
                return "share"
            case "throughput":
                return "per_second"
            case _:
                return "milliseconds"

    @model_validator(mode="after")
    def _limits_fit_the_measure(self) -> Self:
        for key, limit in (("pass", self.pass_), ("warning", self.warning)):
            if limit is None:
                continue
            upward = limit.operator in {">", ">="}
            if limit.unit != self.unit or upward != (self.unit == "per_second"):
                refuse_at((key,), f"for `{self.measure}` {_UNIT_WORDS[self.unit]}")
        if self.warning is not None and self._is_stricter(self.warning.value):
            refuse_at(("warning",), f"a limit that is wider than `{self.pass_.text}`")
        return self

    def _is_stricter(self, warning: float) -> bool:
        limit = self.pass_.value
        return warning <= limit if self.unit != "per_second" else warning >= limit


class LoadTestSpec(Part):
    """What is run, against what, how hard and how long, and what it must show."""

    file: TreePath = Field(
        description="The Locust file: below `loadtests/`, in the repository or shipped with "
        "Trueup.",
        examples=["loadtests/shop.py"],
    )
    target: TextField = Field(
        description="The address to load: an output of a stack, or a text.",
        examples=[{"output": "shop-api.url"}],
    )
    users: int = Field(ge=1, le=100_000, description="How many users are simulated.", examples=[8])
    rate: float = Field(
        gt=0,
        le=1_000_000,
        description="Requests a second in total, offered whatever the service does.",
        examples=[40],
    )
    warm_up: Duration = Field(
        default=timedelta(seconds=5),
        description="How long to load before anything counts: a duration.",
        examples=["2s"],
    )
    steady: Interval = Field(
        description="How long to load while everything counts: a duration.", examples=["60s"]
    )
    env: Mapping[Identifier, TextField] = Field(
        default_factory=dict,
        description="Variables that the Locust file finds in its environment. A `{secret: name}` "
        "is "
        "the path of the delivered file.",
        examples=[{"API_KEY_FILE": {"secret": "shop-api-key"}}],
    )
    objectives: Many[Objective] = Field(
        min_length=1,
        description="What the measured numbers must keep.",
        examples=[[{"measure": "p95", "pass": "<150ms"}, {"measure": "errorRate", "pass": "<1%"}]],
    )


class LoadTest(Document):
    """A gate: puts load on an environment, measures, and says whether a release may go on."""

    kind: Literal["LoadTest"] = Field(description="`LoadTest`.", examples=["LoadTest"])
    metadata: ProductMetadata = Field(
        description="Who it is.", examples=[{"name": "shop-load", "product": "shop"}]
    )
    spec: LoadTestSpec = Field(
        description="What it is.",
        examples=[
            {
                "file": "loadtests/shop.py",
                "target": {"output": "shop-api.url"},
                "users": 8,
                "rate": 40,
                "steady": "60s",
                "objectives": [{"measure": "p95", "pass": "<150ms"}],
            }
        ],
    )
