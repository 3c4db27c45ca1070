"""What a resource type, a data source and a provider have to offer to be served."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from controller.localcloud.plugin.planning import Path, State
from controller.localcloud.plugin.schema import Schema


@dataclass(frozen=True)
class Problem:
    """Something to tell a person about a configuration or an operation."""

    summary: str
    detail: str = ""
    path: Path = ()
    is_warning: bool = False


class ProblemsFoundError(Exception):
    """An operation was refused, or failed; `state` is what exists of the object all the same."""

    def __init__(self, problems: Sequence[Problem], state: State | None = None) -> None:
        super().__init__("; ".join(each.summary for each in problems))
        self.problems = tuple(problems)
        self.state = state


@dataclass
class Request:
    """What an operation gets beside the values: the configured provider and private notes.

    `private` is kept by Terraform beside the state, unseen by people; warnings added to
    `warnings` are shown with a result that is otherwise fine.
    """

    provider: Any
    private: dict[str, Any] = field(default_factory=dict)
    warnings: list[Problem] = field(default_factory=list)


class Resource(Protocol):
    """One resource type. Every operation may be repeated, and may raise `ProblemsFoundError`."""

    @property
    def type_name(self) -> str:
        """Give the name of the type in Terraform's language."""

    @property
    def schema(self) -> Schema:
        """Give what it is made of."""

    def plan(self, request: Request, prior: State | None, planned: State) -> None:
        """Change `planned` where the schema's rules do not say it all."""

    def plan_destroy(self, request: Request, prior: State) -> None:
        """Refuse a destroy, or the destroying half of a replace, while it is only planned."""

    def create(self, request: Request, planned: State) -> State:
        """Make the object and give its state."""

    def read(self, request: Request, state: State) -> State | None:
        """Give the state as it is now; `None` if there is no such object."""

    def update(self, request: Request, prior: State, planned: State) -> State:
        """Change the object in place and give its state."""

    def delete(self, request: Request, prior: State) -> None:
        """Remove the object. Removing what is not there is no error."""

    def imported(self, request: Request, identifier: str) -> State:
        """Give as much of a state as `read` needs to find the object."""

    def upgraded(self, version: int, state: State) -> State:
        """Give a state written by an older version of the schema in today's terms."""


class DataSource(Protocol):
    """One data source."""

    @property
    def type_name(self) -> str:
        """Give the name of the type in Terraform's language."""

    @property
    def schema(self) -> Schema:
        """Give what it is made of."""

    def read(self, request: Request, config: State) -> State:
        """Look the object up; raises `ProblemsFoundError` if it is not there."""


class Provider(Protocol):
    """A provider: its own configuration, and what it offers."""

    @property
    def schema(self) -> Schema:
        """Give its own configuration."""

    @property
    def resources(self) -> Sequence[Resource]:
        """Give its resource types."""

    @property
    def data_sources(self) -> Sequence[DataSource]:
        """Give its data sources."""

    def configure(self, config: State) -> Any:
        """Give what operations get as `request.provider`; raises `ProblemsFoundError`."""
