"""CapacityPlan: how much of what is needed until when, by a forecast and by measured runs."""

from datetime import timedelta
from typing import Literal, Self

from pydantic import Field, model_validator

from schemas.document import Document, Part, ProductMetadata
from schemas.names import Identifier, Name
from schemas.references import refuse_at
from schemas.values import Interval, Many


class MeasuredRun(Part):
    """What one load test measured at one load."""

    concurrency: float = Field(
        gt=0,
        le=1_000_000,
        description="Requests under way at once, in the mean.",
        examples=[16],
    )
    rate: float = Field(
        gt=0,
        le=10_000_000,
        description="Requests a second that succeeded.",
        examples=[240],
    )


class MeasuredGate(Part):
    """A gate whose kept runs count as well: what verified releases were measured at."""

    gate: Name = Field(description="The LoadTest.", examples=["shop-load"])
    environment: Name = Field(
        description="The environment that it was asked for.", examples=["staging"]
    )
    units: float = Field(
        default=1.0,
        gt=0,
        le=100_000,
        description="How many of the measured one it ran against.",
        examples=[2],
    )


class Choice(Part):
    """One thing that may stand in the input, and what it is worth."""

    value: int | str = Field(
        description="What stands in the input: a number of replicas, or a size.", examples=[3]
    )
    worth: float | None = Field(
        default=None,
        gt=0,
        le=100_000,
        description="How many of the measured one it is worth; a number is worth itself.",
        examples=[3],
    )
    price: float = Field(
        default=0.0, ge=0, description="What it costs a month, in one currency.", examples=[45]
    )

    @model_validator(mode="after")
    def _is_worth_something(self) -> Self:
        if self.worth is None and (not isinstance(self.value, int) or self.value < 1):
            refuse_at(("value",), "a number from 1, or a `worth` beside it")
        return self

    @property
    def units(self) -> float:
        """How many of the measured one it is worth."""
        return self.worth if self.worth is not None else float(self.value)


class CapacityPlanSpec(Part):
    """What is to be served, what one was measured to serve, and what may be chosen."""

    forecast: Name = Field(
        description="The Forecast that is to be served.", examples=["shop-traffic"]
    )
    stack: Name = Field(description="The stack that serves it.", examples=["shop-api"])
    environment: Name = Field(description="The environment in which.", examples=["production"])
    input: Identifier = Field(
        description="The input of the stack that says how many, or which size.",
        examples=["replicas"],
    )
    runs: Many[MeasuredRun] = Field(
        default=(),
        description="What one replica, or the measured size, did at several loads. Needed, or "
        "`gates`.",
        examples=[[{"concurrency": 1, "rate": 40}, {"concurrency": 8, "rate": 230}]],
    )
    gates: Many[MeasuredGate] = Field(
        default=(),
        description="Gates whose kept runs count as well, by a controller: each load test is one "
        "load, so name several.",
        examples=[[{"gate": "shop-load", "environment": "staging"}]],
    )
    choices: Many[Choice] = Field(
        min_length=1,
        description="What may be chosen; the cheapest that is enough is.",
        examples=[[{"value": 1, "price": 15}, {"value": 2, "price": 30}]],
    )
    max_latency: Interval | None = Field(
        default=None,
        description="The mean time that a request may take: a duration. What would take longer "
        "does not count as served.",
        examples=["150ms"],
    )
    headroom: float = Field(
        default=0.3,
        ge=0,
        lt=1,
        description="Share of the capacity that is to stay free: 0 to 1.",
        examples=[0.3],
    )
    contention: float = Field(
        default=0.03,
        ge=0,
        lt=1,
        description="How much each more replica waits for what all share: 0 for not at all. It is "
        "assumed, since one was measured.",
        examples=[0.02],
    )
    band: Literal["low", "mid", "high"] = Field(
        default="high",
        description="Which number of the forecast is to be served: the middle one, or a bound.",
        examples=["high"],
    )
    lasts: Interval = Field(
        default=timedelta(days=60),
        description="How long the choice is to be enough: a duration from today.",
        examples=["60d"],
    )

    @model_validator(mode="after")
    def _was_measured(self) -> Self:
        if not self.runs and not self.gates:
            refuse_at(("runs",), "measured `runs`, or `gates` that measure them")
        return self


class CapacityPlan(Document):
    """How many replicas, or which size, until when; proposed as a change when it is due."""

    kind: Literal["CapacityPlan"] = Field(description="`CapacityPlan`.", examples=["CapacityPlan"])
    metadata: ProductMetadata = Field(
        description="Who it is.", examples=[{"name": "shop-api-size", "product": "shop"}]
    )
    spec: CapacityPlanSpec = Field(
        description="What it is.",
        examples=[
            {
                "forecast": "shop-traffic",
                "stack": "shop-api",
                "environment": "production",
                "input": "replicas",
                "runs": [{"concurrency": 1, "rate": 40}, {"concurrency": 8, "rate": 230}],
                "choices": [{"value": 1, "price": 15}, {"value": 2, "price": 30}],
            }
        ],
    )
