"""LoadTest: a gate that puts load on an environment and measures."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, PlainSerializer, model_validator

from schemas.document import Document, Part, ProductMetadata
from schemas.names import Identifier, Name, TreePath, json_text
from schemas.objectives import Baseline, Objective, Score
from schemas.references import TextField, refuse_at
from schemas.values import Duration, Interval, Many, Threshold, read_threshold

_ERROR_WORDS = 'a share of failed requests, such as `">5%"`'


def _read_error_limit(raw: object) -> Threshold:
    try:
        limit = read_threshold(raw)
    except ValueError:
        raise ValueError(_ERROR_WORDS) from None
    if limit.unit != "share" or limit.operator != ">":
        raise ValueError(_ERROR_WORDS)
    return limit


ErrorLimit = Annotated[
    Threshold,
    BeforeValidator(_read_error_limit),
    PlainSerializer(lambda limit: limit.text, return_type=str, when_used="json"),
    json_text(r"^> ?[0-9]{1,9}(?:\.[0-9]{1,6})?%$", _ERROR_WORDS),
]
Share = Annotated[float, Field(ge=0, le=1000)]


class Arrival(Part):
    """An open model: what counts is when somebody came, not when somebody was free."""

    rate: float = Field(
        gt=0,
        le=1_000_000,
        description="Arrivals a second, each of which does one task of the Locust file.",
        examples=[40],
    )
    most_users: int | None = Field(
        default=None,
        ge=1,
        le=100_000,
        description="How many may be under way at a time; who comes then waits, and its wait "
        "counts. Without it, as many as come in two seconds, ten at least.",
        examples=[200],
    )


class LoadStage(Part):
    """A rate for a time."""

    rate: float = Field(gt=0, le=1_000_000, description="Arrivals a second.", examples=[240])
    for_: Interval = Field(alias="for", description="How long: a duration.", examples=["10m"])


class AbortOn(Part):
    """What ends a run early."""

    error_rate: ErrorLimit = Field(
        description="Above this share of failed requests in each second of `for`.", examples=[">5%"]
    )
    for_: Interval = Field(
        alias="for",
        default=timedelta(seconds=10),
        description="How long it has to be so: a duration of whole seconds.",
        examples=["10s"],
    )


class Budgets(Part):
    """How much one run may cost."""

    time: Interval | None = Field(
        default=None,
        description="The longest time of a run with its warm-up: a duration.",
        examples=["30m"],
    )
    requests: int | None = Field(
        default=None,
        ge=1,
        description="The most requests of a run; at so many it is ended, and is invalid.",
        examples=[1000000],
    )


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
    users: int | None = Field(
        default=None,
        ge=1,
        le=100_000,
        description="How many users are simulated, each at its own pace. Needs `rate`.",
        examples=[8],
    )
    rate: float | None = Field(
        default=None,
        gt=0,
        le=1_000_000,
        description="Requests a second in total that the users are to make. Needs `users`.",
        examples=[40],
    )
    arrival: Arrival | None = Field(
        default=None,
        description="In place of `users` and `rate`: customers arrive, whoever is still served.",
        examples=[{"rate": 40}],
    )
    stages: Many[LoadStage] = Field(
        default=(),
        description="In place of `steady`: rates one after the other, for arrivals. Each counts.",
        examples=[[{"rate": 240, "for": "10m"}, {"rate": 610, "for": "20m"}]],
    )
    profile: Name | None = Field(
        default=None,
        description="In place of `users`, `rate`, `arrival`, `steady` and `stages`: the "
        "LoadProfile whose steps are played, as arrivals. Where its forecast is not known, the "
        "gate is not asked, and nothing goes on.",
        examples=["shop-peak"],
    )
    workers: int = Field(
        default=1,
        ge=1,
        le=64,
        description="Processes on the controller's machine that share the load; more than its "
        "cores slow each other down.",
        examples=[2],
    )
    expect_workers: int | None = Field(
        default=None,
        ge=1,
        le=1000,
        description="In place of `workers`: processes that others start, with `trueup gate "
        "worker`, on other machines as well. A run is invalid when one does not come, or is lost.",
        examples=[4],
    )
    mix: Mapping[str, Share] = Field(
        default_factory=dict,
        description="Weights of the user classes of the file, by their names; those that are not "
        "named are left out. Without it, as the file says.",
        examples=[{"Browser": 0.7, "Buyer": 0.3}],
    )
    data: Many[TreePath] = Field(
        default=(),
        description="Files of the repository that the Locust file finds in its working directory, "
        "by the same paths.",
        examples=[["loadtests/customers.csv"]],
    )
    abort_on: AbortOn | None = Field(
        default=None,
        description="When a run is ended before its time, and has failed.",
        examples=[{"errorRate": ">5%", "for": "10s"}],
    )
    budgets: Budgets | None = Field(
        default=None,
        description="How much a run may cost; what is more is refused, or ended as invalid.",
        examples=[{"time": "30m", "requests": 1000000}],
    )
    warm_up: Duration = Field(
        default=timedelta(seconds=5),
        description="How long to load before anything counts: a duration.",
        examples=["2s"],
    )
    steady: Interval | None = Field(
        default=None,
        description="How long to load while everything counts: a duration. Either this or "
        "`stages`.",
        examples=["60s"],
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
    runs: int = Field(
        default=1,
        ge=1,
        le=20,
        description="How many runs are made; their median counts. With one, a run that fails is "
        "made again, and two of three decide.",
        examples=[3],
    )
    baseline: Baseline | None = Field(
        default=None,
        description="What relative limits are compared with. Where it is not said, its defaults "
        "hold.",
        examples=[{"runs": 5, "of": "last-promoted"}],
    )
    score: Score | None = Field(
        default=None,
        description="Let a weighted sum of the objectives decide. Without it, the worst one does.",
        examples=[{"pass": 90, "warning": 75}],
    )

    @property
    def steady_time(self) -> timedelta:
        """How long everything counts; nothing where a profile says it."""
        return self.steady or sum((stage.for_ for stage in self.stages), timedelta())

    @property
    def processes(self) -> int:
        """How many share the load."""
        return self.expect_workers or self.workers

    @model_validator(mode="after")
    def _has_one_load(self) -> Self:
        if self.expect_workers is not None and self.workers != 1:
            refuse_at(("expectWorkers",), "either `workers` or `expectWorkers`")
        if self.profile is not None:
            return self._has_a_profile_alone()
        if self.arrival is None and (self.users is None or self.rate is None):
            missing = "users" if self.users is None else "rate"
            refuse_at((missing,), "`users` and `rate`, or `arrival`")
        if self.arrival is not None and (self.users is not None or self.rate is not None):
            refuse_at(("arrival",), "either `users` and `rate`, or `arrival`")
        if (self.steady is None) == (not self.stages):
            refuse_at(("steady",), "either `steady` or `stages`")
        if self.stages and self.arrival is None:
            refuse_at(("stages",), "`arrival` beside `stages`: users keep one pace")
        most = self.users or (self.arrival.most_users if self.arrival else None)
        if most is not None and self.processes > most:
            named = "workers" if self.expect_workers is None else "expectWorkers"
            refuse_at((named,), "as many users as workers at least")
        longest = self.budgets.time if self.budgets else None
        if longest is not None and self.warm_up + self.steady_time > longest:
            refuse_at(("budgets", "time"), "at least as long as `warmUp` and the load together")
        return self

    def _has_a_profile_alone(self) -> Self:
        given = {
            "users": self.users, "rate": self.rate, "arrival": self.arrival,
            "steady": self.steady, "stages": self.stages or None,
        }  # fmt: skip
        for name, value in given.items():
            if value is not None:
                refuse_at((name,), f"either `profile` or `{name}`")
        return self


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
