"""The group of settings for how long what is kept."""

from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field

from controller.model import retention as model

_DEFAULT = model.Retention()


class Retention(BaseModel):
    """How long what is kept. What something kept refers to stays, whatever its age."""

    model_config = ConfigDict(extra="forbid")
    events: timedelta = Field(
        default=_DEFAULT.events,
        ge=timedelta(days=1),
        description="an event that is older goes, once every receiver was told of it,",
    )
    events_newest: int = Field(
        default=_DEFAULT.events_newest,
        ge=1,
        description="but not the newest of each unit, stage, secret …",
    )
    decisions: timedelta = Field(
        default=_DEFAULT.decisions,
        ge=timedelta(days=1),
        description="a younger decision keeps the measurements that it rests on,",
    )
    decisions_newest: int = Field(
        default=_DEFAULT.decisions_newest,
        ge=1,
        description="and so do the newest of each stage, and the newest that moved it",
    )
    releases: int = Field(
        default=_DEFAULT.releases,
        ge=20,
        description="the newest releases of each product are known, with their gates' answers, "
        "and those that anything names",
    )
    unreferenced: timedelta = Field(
        default=_DEFAULT.unreferenced,
        ge=timedelta(hours=1),
        description="what nothing refers to goes after so long, and a day",
    )
    plans: timedelta = Field(
        default=_DEFAULT.plans,
        ge=timedelta(minutes=10),
        description="a saved plan, which may hold what is secret, goes after so long",
    )
    providers: timedelta = Field(
        default=_DEFAULT.providers,
        ge=timedelta(hours=1),
        description="a provider that was fetched goes when no workspace named it for so long",
    )

    def limits(self) -> model.Retention:
        """Give it to workflows."""
        return model.Retention(**self.model_dump())
