"""LoadProfile: how hard to load, and how long, by what a forecast says."""

from datetime import timedelta
from typing import Literal

from pydantic import Field

from schemas.document import Document, Part, ProductMetadata
from schemas.names import Name
from schemas.values import Duration, Interval


class LoadProfileSpec(Part):
    """From a forecast to steps of load: up to the peak that is to come, and beyond it."""

    forecast: Name = Field(
        description="The Forecast whose peak is played.", examples=["shop-traffic"]
    )
    within: Interval = Field(
        default=timedelta(days=90),
        description="The highest peak of this time counts: a duration from today.",
        examples=["90d"],
    )
    band: Literal["low", "mid", "high"] = Field(
        default="high",
        description="Which number of the forecast counts: the middle one, or one of its bounds.",
        examples=["high"],
    )
    share: float = Field(
        default=1.0,
        gt=0,
        le=1,
        description="Share of the load that is played, where an environment is smaller than "
        "production: 0 to 1.",
        examples=[0.1],
    )
    ramp: Interval = Field(
        default=timedelta(minutes=1),
        description="How long to go up from today's peak to the one to come: a duration.",
        examples=["2m"],
    )
    steps: int = Field(
        default=5, ge=1, le=100, description="In how many steps to go up.", examples=[5]
    )
    hold: Interval = Field(
        default=timedelta(minutes=5),
        description="How long to stay at the peak: a duration.",
        examples=["10m"],
    )
    headroom: float = Field(
        default=1.0,
        ge=1,
        le=100,
        description="How far to go beyond the peak at the end: a factor, `1.3` for 30 % more.",
        examples=[1.3],
    )
    beyond: Duration = Field(
        default=timedelta(minutes=1),
        description="How long to stay beyond the peak, when there is a `headroom`: a duration.",
        examples=["1m"],
    )


class LoadProfile(Document):
    """Steps of load that follow a forecast; a LoadTest plays them."""

    kind: Literal["LoadProfile"] = Field(description="`LoadProfile`.", examples=["LoadProfile"])
    metadata: ProductMetadata = Field(
        description="Who it is.", examples=[{"name": "shop-peak", "product": "shop"}]
    )
    spec: LoadProfileSpec = Field(
        description="What it is.", examples=[{"forecast": "shop-traffic", "share": 0.1}]
    )
