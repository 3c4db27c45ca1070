"""LoadTest: a gate that puts load on an environment and measures."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Literal

from pydantic import Field

from schemas.document import Document, Part, ProductMetadata
from schemas.names import Identifier, TreePath
from schemas.objectives import Baseline, Objective, Score
from schemas.references import TextField
from schemas.values import Duration, Interval, Many


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
