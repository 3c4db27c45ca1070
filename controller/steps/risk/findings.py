"""What the rules are given and what they give."""

from collections.abc import Mapping
from dataclasses import dataclass

from controller.model.allowance import Allowance
from controller.model.plan import Action


@dataclass(frozen=True, slots=True)
class RiskFacts:
    """What is known beside the plan."""

    dependents: tuple[str, ...] = ()
    """The units that need this one, directly or not."""
    applied_before: bool = False
    """Whether the unit was ever applied."""
    earlier_stages: tuple[str, ...] = ()
    """The stages that come before this one."""
    tried_in_earlier_stage: bool = False
    """Whether what is planned was applied, with the same module, in one of them."""
    allowed: tuple[Allowance, ...] = ()


@dataclass(frozen=True, slots=True)
class RiskFinding:
    """That a rule holds somewhere; `code` names its line in the table."""

    code: str
    sentence: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One resource of the plan with its values; nothing in it is secret."""

    address: str
    type: str
    action: Action
    before: Mapping[str, object]
    after: Mapping[str, object]
    unknown: object
    has_secret_change: bool = False

    @property
    def is_new(self) -> bool:
        """Whether nothing is there yet."""
        return self.action is Action.CREATE

    @property
    def ends(self) -> bool:
        """Whether what is there goes away."""
        return self.action in {Action.DELETE, Action.REPLACE, Action.FORGET}

    @property
    def stays(self) -> bool:
        """Whether something will be there afterwards."""
        return self.action not in {Action.DELETE, Action.FORGET}
