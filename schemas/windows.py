"""Windows of time in which releases may come to a place, or may not."""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from schemas.document import Part
from schemas.references import refuse_at
from schemas.values import Interval, Many

_FIELDS = 5
_CRON_WORDS = "five fields of cron that ever come, as `0 9 * * MON-FRI`"
_ZONE_WORDS = "a time zone of the IANA list, as `Europe/Berlin`"
_MOMENT_WORDS = 'a day and time in quotes, as `"2026-12-20T18:00"`'
LONGEST = timedelta(days=366)
_SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)


@cache
def _check_cron(text: str) -> str:
    from cronsim import CronSim, CronSimError

    try:
        if len(text.split()) != _FIELDS:
            raise ValueError(_CRON_WORDS)
        next(CronSim(text, _SOME_DAY))
    except (CronSimError, StopIteration):
        raise ValueError(_CRON_WORDS) from None
    return text


@cache
def _check_zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (OSError, ValueError):  # ZoneInfoNotFoundError is a KeyError of importlib's
        raise ValueError(_ZONE_WORDS) from None
    except KeyError:
        raise ValueError(_ZONE_WORDS) from None
    return text


def _read_moment(raw: object) -> datetime:
    if isinstance(raw, datetime):
        return raw
    try:
        return datetime.fromisoformat(raw if isinstance(raw, str) and "T" in raw else "")
    except ValueError:
        raise ValueError(_MOMENT_WORDS) from None


def _check_length(length: timedelta) -> timedelta:
    if length > LONGEST:
        raise ValueError("at most 366 days")
    return length


Cron = Annotated[
    str,
    Field(max_length=100),
    AfterValidator(_check_cron),
    WithJsonSchema({"type": "string", "maxLength": 100}),
]
"""When something begins: minute, hour, day of the month, month, day of the week."""
TimeZone = Annotated[
    str, Field(max_length=64), AfterValidator(_check_zone), WithJsonSchema({"type": "string"})
]
Moment = Annotated[datetime, BeforeValidator(_read_moment), WithJsonSchema({"type": "string"})]
"""An instant; without an offset it is one of the clock on the wall of a time zone."""
Length = Annotated[Interval, AfterValidator(_check_length)]
_ZONE = Field(
    default="UTC",
    description="The time zone of the clock on the wall, by its IANA name. When clocks are put "
    "forward, a beginning that is left out comes at the change; when they are put back, one at a "
    "set hour comes once.",
    examples=["Europe/Berlin"],
)


class Recurring(Part):
    """A time that comes again and again."""

    cron: Cron = Field(
        description="When it begins: minute, hour, day of the month, month, day of the week.",
        examples=["0 9 * * MON-FRI"],
    )
    for_: Length = Field(
        alias="for", description="How long it lasts: a duration of at most 366 days.",
        examples=["8h"],
    )  # fmt: skip
    time_zone: TimeZone = _ZONE


class Freeze(Part):
    """A time in which nothing new comes: again and again, or once."""

    cron: Cron | None = Field(
        default=None,
        description="When it begins, again and again; with `for`.",
        examples=["0 16 * * FRI"],
    )
    for_: Length | None = Field(
        default=None, alias="for", description="How long it lasts: a duration of at most 366 days.",
        examples=["64h"],
    )  # fmt: skip
    from_: Moment | None = Field(
        default=None,
        alias="from",
        description="When it begins, once; with `until`. In quotes.",
        examples=["2026-12-20T18:00"],
    )
    until: Moment | None = Field(
        default=None, description="When it ends. In quotes.", examples=["2027-01-04T08:00"]
    )
    time_zone: TimeZone = _ZONE
    reason: str = Field(
        min_length=3,
        max_length=200,
        description="Why, in a line that everybody who waits is shown.",
        examples=["holidays: nobody is there to mend it"],
    )

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        again = (self.cron is not None, self.for_ is not None)
        once = (self.from_ is not None, self.until is not None)
        if (again, once) not in {((True, True), (False, False)), ((False, False), (True, True))}:
            refuse_at((), "either `cron` and `for`, or `from` and `until`")
        if self.from_ is not None and self.ends <= self.begins:
            refuse_at(("until",), "an instant after `from`")
        return self

    @property
    def begins(self) -> datetime:
        """The instant of `from`; of two that the clock shows alike, the first."""
        return self._instant(self.from_, later=False)

    @property
    def ends(self) -> datetime:
        """The instant of `until`; of two that the clock shows alike, the second."""
        return self._instant(self.until, later=True)

    def _instant(self, moment: datetime | None, *, later: bool) -> datetime:
        if moment is None:
            raise ValueError("this freeze comes again and again")
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=ZoneInfo(self.time_zone), fold=int(later))
        return moment.astimezone(UTC)


class Windows(Part):
    """When releases may come. Going back, drift and secrets do not wait for it."""

    allow: Many[Recurring] = Field(
        default=(),
        description="Releases come only within one of these. Without any, at every time.",
        examples=[[{"cron": "0 9 * * MON-FRI", "for": "8h", "timeZone": "Europe/Berlin"}]],
    )
    freeze: Many[Freeze] = Field(
        default=(),
        description="No release comes within any of these; a freeze wins over `allow`.",
        examples=[
            [{"from": "2026-12-20T18:00", "until": "2027-01-04T08:00", "reason": "holidays"}]
        ],
    )
