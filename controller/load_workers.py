"""The group of settings for workers of load tests."""

from datetime import timedelta
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from controller.model.address import is_loopback


class LoadWorkers(BaseModel):
    """Where workers of load tests come to, and how they are known."""

    model_config = ConfigDict(extra="forbid")
    host: str = Field(default="127.0.0.1", description="address to bind while a run needs workers")
    port: int = Field(default=5557, ge=1, le=65535, description="port to bind")
    elsewhere: bool = Field(
        default=False,
        description="let them come from other machines; without it `host` is loopback. What they "
        "say is not encrypted: for networks that are trusted",
    )
    token_file: Path | None = Field(
        default=None, description="file with a token that every worker shows"
    )
    patience: timedelta = Field(
        default=timedelta(seconds=60),
        gt=timedelta(),
        description="how long a run waits for its workers",
    )

    @model_validator(mode="after")
    def _stays_here(self) -> Self:
        if not self.elsewhere and not is_loopback(self.host):
            raise ValueError(
                f"`host` is {self.host}, which other machines reach; `elsewhere: true` allows it"
            )
        return self
