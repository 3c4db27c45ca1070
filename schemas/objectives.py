"""What a load test must show: objectives, what they are compared with, and how they are summed."""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import ConfigDict, Field, model_validator

from schemas.document import Part, only_one_of
from schemas.limits import Limit, Limits, RelativeLimit
from schemas.references import TextField, refuse_at
from schemas.values import Interval, Threshold, ThresholdUnit

Measure = Literal["p50", "p90", "p95", "p99", "max", "errorRate", "throughput", "apdex"]

_UNIT_WORDS: Mapping[ThresholdUnit, str] = {
    "milliseconds": 'an upper limit in time, such as `"<150ms"`',
    "share": 'an upper limit in percent, such as `"<1%"`',
    "per_second": 'a lower limit in requests a second, such as `">30/s"`',
    "number": 'a lower limit from 0 to 1, such as `">=0.9"`',
}
_NUMBER_WORDS = 'a limit without a unit, such as `"<0.8"`, all in one direction'
_LOWER = frozenset({"throughput", "apdex"})


class PrometheusQuery(Part):
    """A number that a Prometheus has of the environment while the load is on it."""

    url: TextField = Field(
        description="Address of the Prometheus: a text, or an output of a stack.",
        examples=["http://127.0.0.1:9090"],
    )
    query: str = Field(
        min_length=1,
        max_length=4000,
        description="PromQL that gives exactly one series.",
        examples=['max(process_resident_memory_bytes{job="shop"})'],
    )
    take: Literal["mean", "max", "min", "last"] = Field(
        default="mean",
        description="Which number of the series counts, over the steady time.",
        examples=["max"],
    )
    step: Interval | None = Field(
        default=None,
        description="How far the points are apart: a duration. Without it, a thirtieth of the "
        "steady time, at least a second.",
        examples=["5s"],
    )


class Objective(Part):
    """One number, and what it must keep."""

    model_config = ConfigDict(json_schema_extra=only_one_of("measure", "prometheus"))

    measure: Measure | None = Field(
        default=None,
        description="What is measured: a latency percentile or the longest latency, the share of "
        "requests that failed, the requests a second that succeeded, or apdex. Either this or "
        "`prometheus`.",
        examples=["p95"],
    )
    prometheus: PrometheusQuery | None = Field(
        default=None,
        description="A number that a Prometheus has, in place of a measure.",
        examples=[{"url": {"output": "metrics.url"}, "query": "max(queue_length)"}],
    )
    name: str | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        description="What reports call it. Without it, the measure or the query.",
        examples=["queue length"],
    )
    pass_: Limits = Field(
        alias="pass",
        description="Within this the gate says pass: milliseconds, percent or requests a second, "
        "or percent more than the baseline (`<=+5%`). In a list, all must hold.",
        examples=["<150ms"],
    )
    warning: Limits | None = Field(
        default=None,
        description="Beyond `pass` but within this the gate says warn; beyond both it says fail.",
        examples=["<200ms"],
    )
    endpoint: str | None = Field(
        default=None,
        description="Only requests of this name, as the Locust file calls them. Without it, all.",
        examples=["POST /orders"],
    )
    satisfied: Interval | None = Field(
        default=None,
        description="For `apdex`: who is answered within this is satisfied, within four times this "
        "tolerates it: a duration.",
        examples=["100ms"],
    )
    weight: float = Field(
        default=1,
        gt=0,
        le=1000,
        description="How much it counts in the score.",
        examples=[2],
    )
    key: bool = Field(
        default=False,
        description="When it fails, the gate fails, whatever the score.",
        examples=[True],
    )

    @property
    def unit(self) -> ThresholdUnit:
        """The unit that the measure has."""
        match self.measure:
            case "errorRate":
                return "share"
            case "throughput":
                return "per_second"
            case "apdex" | None:
                return "number"
            case _:
                return "milliseconds"

    @property
    def limits(self) -> tuple[Limit, ...]:
        """Every limit, of pass and of warning."""
        return (*self.pass_, *(self.warning or ()))

    @model_validator(mode="after")
    def _is_of_one_thing(self) -> Self:
        if (self.measure is None) == (self.prometheus is None):
            refuse_at(("measure",), "either `measure` or `prometheus`")
        if self.measure is None and self.endpoint is not None:
            refuse_at(("endpoint",), "no endpoint beside `prometheus`")
        if (self.measure == "apdex") != (self.satisfied is not None):
            refuse_at(("satisfied",), "a duration beside `measure: apdex`, and only there")
        return self

    @model_validator(mode="after")
    def _limits_fit_the_measure(self) -> Self:
        if self.measure is None and len({_is_upper(limit) for limit in self.limits}) > 1:
            refuse_at(("pass",), _NUMBER_WORDS)
        for key, limits in (("pass", self.pass_), ("warning", self.warning or ())):
            for limit in limits:
                if not self._fits(limit):
                    words = _UNIT_WORDS[self.unit] if self.measure else _NUMBER_WORDS
                    refuse_at((key,), f"for `{self.measure or 'prometheus'}` {words}")
        for passes in self.pass_:
            for warns in self.warning or ():
                if _is_no_wider(warns, passes):
                    refuse_at(("warning",), f"a limit that is wider than `{passes.text}`")
        return self

    def _fits(self, limit: Limit) -> bool:
        if isinstance(limit, Threshold) and limit.unit != self.unit:
            return False
        return self.measure is None or _is_upper(limit) == (self.measure not in _LOWER)


def _is_upper(limit: Limit) -> bool:
    return limit.operator in {"<", "<="}


def _is_no_wider(warns: Limit, passes: Limit) -> bool:
    if isinstance(warns, Threshold) and isinstance(passes, Threshold):
        wide, narrow = warns.value, passes.value
    elif isinstance(warns, RelativeLimit) and isinstance(passes, RelativeLimit):
        wide, narrow = warns.share, passes.share
    else:
        return False
    return wide <= narrow if _is_upper(passes) else wide >= narrow


class Baseline(Part):
    """The earlier runs that relative limits are compared with."""

    runs: int = Field(
        default=5,
        ge=2,
        le=50,
        description="How many runs are compared with: the newest, those of a busy machine last.",
        examples=[5],
    )
    of: Literal["last-promoted"] = Field(
        default="last-promoted",
        description="Whose runs: of the last releases that were verified in the same environment.",
        examples=["last-promoted"],
    )
    same_runner_class: bool = Field(
        default=True,
        description="Compare only with runs of the same Locust, processor and number of cores.",
        examples=[True],
    )
    required: bool = Field(
        default=False,
        description="Block while nothing was verified yet. Without it, absolute limits alone "
        "decide on the first releases, and the gate says so.",
        examples=[True],
    )
    when_changed: Literal["block", "absolute"] = Field(
        default="block",
        description="What holds when earlier runs are of another load, script or machine: `block` "
        "until a person decides, or the absolute limits alone.",
        examples=["absolute"],
    )


class Score(Part):
    """Of a hundred: an objective that passes gives its weight, one that warns half of it."""

    pass_: float = Field(
        default=90, alias="pass", gt=0, le=100, description="From here it is a pass.", examples=[90]
    )
    warning: float = Field(
        default=75, gt=0, le=100, description="From here it is a warning.", examples=[75]
    )

    @model_validator(mode="after")
    def _are_in_order(self) -> Self:
        if self.warning > self.pass_:
            refuse_at(("warning",), f"at most `pass`, which is {self.pass_:g}")
        return self
