"""Rego: policies that people write, asked about one plan."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class PolicyModules:
    """Files of Rego that belong together, with what their author may set from outside."""

    name: str
    files: Mapping[str, str]
    """Path → source."""
    parameters: Mapping[str, object] = field(default_factory=dict)
    """What the policies find as `data.parameters`."""


@dataclass(frozen=True, slots=True)
class PolicySaying:
    """One message of one rule."""

    rule: str
    """`deny`, `violation` or `warn`, or one of these with `_` and a name."""
    message: str
    address: str = ""
    excepted: bool = False
    """Whether an `exception` rule of the same package takes it out."""

    @property
    def only_warns(self) -> bool:
        """Whether it may refuse nothing."""
        return self.excepted or self.rule.partition("_")[0] == "warn"


@dataclass(frozen=True, slots=True)
class PolicyAnswer:
    """What a policy says of a plan; a `problem` means that it could not say it."""

    name: str
    sayings: tuple[PolicySaying, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class PolicyFault:
    """What is wrong in a file of Rego; line and column count from 1."""

    path: str
    line: int
    column: int
    message: str


class PolicyChecker(Protocol):
    """Reads policies without asking them anything."""

    def check(self, files: Mapping[str, str]) -> tuple[PolicyFault, ...]:
        """Give what is wrong with files that belong together, by path and place.

        May be repeated. It ends within seconds whatever the files hold: what takes longer is a
        fault.
        """


class PolicyEngine(PolicyChecker, Protocol):
    """Asks policies about a plan."""

    async def evaluate(
        self, document: str, about: Mapping[str, object], policies: Sequence[PolicyModules]
    ) -> tuple[PolicyAnswer, ...]:
        """Give one answer to each policy, in their order, the sayings sorted.

        `document` is the redacted JSON of a plan: the policies' `input`, with `about` in it as
        `input.trueup`. May be repeated. Raises nothing for what a policy does: one that fails, does
        not end or brings its interpreter down has a problem, and the next one is asked all the
        same.
        """

    async def close(self) -> None:
        """End what was started. May be repeated."""
