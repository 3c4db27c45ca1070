"""What the resources have in common: they ask the daemon, and tell its errors."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from controller.localcloud import names
from controller.localcloud.client import Cloud, Status
from controller.localcloud.errors import CloudError
from controller.localcloud.names import Kind
from controller.localcloud.plugin.planning import State
from controller.localcloud.plugin.resource import Problem, ProblemsFoundError, Request
from controller.localcloud.plugin.schema import STRING, Attribute, Schema
from controller.localcloud.plugin.values import UNKNOWN

NAME = Attribute(
    "name",
    STRING,
    "What it is called; unique among its kind in one local cloud.",
    required=True,
    force_new=True,
    check=names.name_problem,
)
OWNER = Attribute(
    "owner",
    STRING,
    "Whose it is, `product/environment/stack`. What belongs to another is not touched.",
    required=True,
    check=names.owner_problem,
)


def map_check(problem: Callable[[str], str | None]) -> Callable[[Any], str | None]:
    """Make a check of the keys of a map."""

    def check(value: Any) -> str | None:
        return next((found for key in value if (found := problem(key)) is not None), None)

    return check


def choice_check(*allowed: str) -> Callable[[Any], str | None]:
    """Make a check that a value is one of a few words."""

    def check(value: Any) -> str | None:
        words = " or ".join(f"`{each}`" for each in allowed)
        return None if value in allowed else f"`{value}` is not allowed; expected {words}"

    return check


def range_check(low: float, high: float) -> Callable[[Any], str | None]:
    """Make a check that a number is within limits."""

    def check(value: Any) -> str | None:
        is_inside = low <= float(value) <= high
        return None if is_inside else f"{value} is not allowed; expected {low} to {high}"

    return check


@contextlib.contextmanager
def told_as_problems(state: State | None = None) -> Iterator[None]:
    """Turn the cloud's errors into diagnostics, with the attribute that they are about."""
    try:
        yield
    except CloudError as error:
        summary, _newline, rest = error.message.partition("\n")
        hint = f"hint: {error.hint}" if error.hint else ""
        detail = "\n".join(part for part in (rest, hint) if part)
        raise ProblemsFoundError([Problem(summary, detail, error.attribute)], state) from error


def _leave_the_plan(_prior: State | None, _planned: State) -> None:
    """Leave the plan as the schema's rules have made it."""


def _allow(_prior: State) -> None:
    """Allow a destroy."""


@dataclass(frozen=True)
class CloudResource:
    """A resource type that is one kind of thing in the cloud.

    `spec` gives what the daemon is asked for, `observed` the state that a status means. `adjust`
    may change a plan, given the state before and the planned one; `check_destroy` may refuse one.
    """

    kind: Kind
    schema: Schema
    spec: Callable[[State], dict[str, Any]]
    observed: Callable[[Status], State]
    adjust: Callable[[State | None, State], None] = _leave_the_plan
    check_destroy: Callable[[State], None] = _allow

    @property
    def type_name(self) -> str:
        """Give the name of the type in Terraform's language."""
        return f"localcloud_{self.kind}"

    def plan(self, _request: Request, prior: State | None, planned: State) -> None:
        """Change the plan where the schema's rules do not say it all."""
        self.adjust(prior, planned)

    def plan_destroy(self, _request: Request, prior: State) -> None:
        """Refuse a destroy while it is only planned."""
        self.check_destroy(prior)

    def create(self, request: Request, planned: State) -> State:
        """Make the thing, or adopt what is there if it has the same owner."""
        return self._ensure(request, planned, None)

    def update(self, request: Request, prior: State, planned: State) -> State:
        """Change the thing in place."""
        return self._ensure(request, planned, prior.get("owner"))

    def _ensure(self, request: Request, planned: State, previous_owner: str | None) -> State:
        cloud: Cloud = request.provider
        with told_as_problems():
            status = cloud.ensure(
                self.kind,
                planned["name"],
                self.spec(planned),
                owner=planned["owner"],
                previous_owner=previous_owner,
            )
        observed = self.observed(status)
        return _filled(planned, observed)

    def read(self, request: Request, state: State) -> State | None:
        """Give the state as it is now, hand edits and crashes included."""
        cloud: Cloud = request.provider
        with told_as_problems():
            status = cloud.find(self.kind, state["name"])
        if status is None:
            return None
        if not status["spec"]:
            summary = f"the configuration of {self.kind} `{state['name']}` is broken"
            detail = f"{status['problem']}\nhint: the next apply writes it anew"
            request.warnings.append(Problem(summary, detail, is_warning=True))
        return self.observed(status)

    def delete(self, request: Request, prior: State) -> None:
        """Remove the thing."""
        cloud: Cloud = request.provider
        with told_as_problems():
            cloud.remove(self.kind, prior["name"], owner=prior["owner"])

    def imported(self, request: Request, identifier: str) -> State:
        """Find the thing by its name."""
        cloud: Cloud = request.provider
        with told_as_problems():
            cloud.get(self.kind, names.checked_name(identifier))
        return {"name": identifier}

    def upgraded(self, _version: int, state: State) -> State:
        """Take the state as it is: there has been only one version."""
        return state


def _filled(planned: State, observed: State) -> State:
    """Give the plan with what was unknown in it: Terraform demands that the rest came true."""
    return {
        name: observed.get(name) if value is UNKNOWN else value for name, value in planned.items()
    }
