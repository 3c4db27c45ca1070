"""What the rules are given beside the plan."""

from collections.abc import Callable
from dataclasses import dataclass

from controller.model.risk import Risk
from controller.ports.policy_engine import PolicyModules


@dataclass(frozen=True, slots=True)
class StackTraits:
    """What policy has to know of the stack that is planned."""

    name: str
    protect: bool = False
    lets_be: tuple[Callable[[str, str], bool], ...] = ()
    """Tell of an address and an attribute whether its drift is ignored today."""
    risk: Risk | None = None


@dataclass(frozen=True, slots=True)
class PolicyRule:
    """One rule of a Policy document: `level` is `deny`, `approval` or `warn`."""

    rule: str
    level: str
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class RegoRule:
    """A rule in Rego, of ours or of the repository, and what its findings lead to."""

    level: str
    modules: PolicyModules

    @property
    def rule(self) -> str:
        """The name by which exceptions know it."""
        return self.modules.name


@dataclass(frozen=True, slots=True)
class Breach:
    """What breaks a rule, in one stable line, and where."""

    message: str
    address: str = ""
