"""When a Secret changes, and who has to have the new value before the old one ends."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from schemas.document import Part
from schemas.names import Name, json_text
from schemas.references import refuse_at
from schemas.values import Duration, Interval, Many

CRON_FIELDS = 5
_CRON_WORDS = 'five fields of cron, as `"0 3 * * 1"`, that come again'
_ZONE_WORDS = "a time zone such as `UTC` or `Europe/Berlin`"


def _read_cron(raw: object) -> str:
    from cronsim import CronSim, CronSimError

    if not isinstance(raw, str) or len(raw.split()) != CRON_FIELDS:
        raise ValueError(_CRON_WORDS)
    try:
        next(CronSim(raw, datetime(2024, 1, 1, tzinfo=UTC)))
    except (CronSimError, StopIteration):
        raise ValueError(_CRON_WORDS) from None
    return raw


def _read_zone(raw: object) -> str:
    try:
        ZoneInfo(raw if isinstance(raw, str) else "")
    except (ValueError, OSError, KeyError):
        raise ValueError(_ZONE_WORDS) from None
    return str(raw)


CronField = Annotated[str, BeforeValidator(_read_cron), json_text(r"^(\S+ +){4}\S+$", _CRON_WORDS)]
ZoneField = Annotated[
    str, BeforeValidator(_read_zone), json_text(r"^[A-Za-z0-9_+/-]+$", _ZONE_WORDS)
]


class Window(Part):
    """A time in which a rotation may begin."""

    model_config = ConfigDict(populate_by_name=True)

    cron: CronField = Field(description="When it opens.", examples=["0 3 * * 1-5"])
    length: Interval = Field(
        alias="for", description="How long it is open: a duration.", examples=["2h"]
    )
    time_zone: ZoneField = Field(
        default="UTC", description="Whose clock `cron` is read by.", examples=["Europe/Berlin"]
    )


class Rotation(Part):
    """When it changes."""

    every: Interval | None = Field(
        default=None, description="How old it may become: a duration.", examples=["30d"]
    )
    cron: CronField | None = Field(
        default=None, description="When it changes, by the clock.", examples=["0 3 1 * *"]
    )
    time_zone: ZoneField = Field(
        default="UTC", description="Whose clock `cron` is read by.", examples=["Europe/Berlin"]
    )
    windows: Many[Window] = Field(
        default=(),
        description="When a rotation may begin. What somebody asks for, and a certificate whose "
        "life ends, waits for none.",
        examples=[[{"cron": "0 3 * * 1-5", "for": "2h"}]],
    )
    max_age: Interval | None = Field(
        default=None,
        description="How old it may become at most: an older one changes outside of the windows "
        "as well, and is a finding until then: a duration.",
        examples=["45d"],
    )
    grace: Duration = Field(
        default=timedelta(minutes=5),
        description="How long the old one goes on working after consumers have the new one: a "
        "duration.",
        examples=["1h"],
    )
    ack_timeout: Interval | None = Field(
        default=None,
        description="How long `consumers` may take until that is a finding; without it, the "
        "`grace`: a duration.",
        examples=["1d"],
    )
    retire_anyway: bool = Field(
        default=False,
        description="Whether the old one ends then, though a consumer may still use it.",
        examples=[False],
    )

    @model_validator(mode="after")
    def _says_when(self) -> Self:
        if self.windows and not (self.every or self.cron or self.max_age):
            refuse_at(("windows",), "`every`, `cron` or `maxAge` beside them")
        if self.every and self.max_age and self.max_age < self.every:
            refuse_at(("maxAge",), "not less than `every`")
        if self.ack_timeout and self.ack_timeout < self.grace:
            refuse_at(("ackTimeout",), "not less than `grace`")
        return self


class Consumer(Part):
    """Somebody who uses the secret."""

    name: Name = Field(description="Its name.", examples=["proxy"])
    ack: Literal["none", "poll", "restart", "signal"] = Field(
        default="none",
        description="How it gets to have the new one: `none`: nobody knows; `poll`: it reads it "
        "and tells, by `trueup secrets ack` or a file; `restart`: a stack is restarted; `signal`: "
        "a process is sent one.",
        examples=["poll"],
    )
    stack: Name | None = Field(
        default=None,
        description="For `restart`: the stack of the same product, whose services of the local "
        "cloud are started anew.",
        examples=["shop-api"],
    )
    pid_file: Name | None = Field(
        default=None,
        description="For `signal`: the file with the process id, by its name in the setting "
        "`consumer_pid_files`.",
        examples=["proxy"],
    )
    signal: Literal["HUP", "USR1", "USR2"] = Field(
        default="HUP", description="For `signal`: which.", examples=["HUP"]
    )

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        if (self.ack == "signal") != (self.pid_file is not None):
            refuse_at(("pidFile",), "one for `ack: signal`, and only there")
        if (self.ack == "restart") != (self.stack is not None):
            refuse_at(("stack",), "one for `ack: restart`, and only there")
        return self
