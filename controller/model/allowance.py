"""Catalog → allowance: what an Exception allows a unit for now."""

from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True, slots=True)
class Allowance:
    """One exception that holds today, for one rule of policy or of risk, in one unit."""

    exception: str
    rule: str
    addresses: tuple[str, ...] = ()
    """Patterns of resource addresses; none: whatever the rule finds."""

    def covers(self, rule: str, address: str = "") -> bool:
        """Tell whether it allows what a rule finds at an address."""
        return rule == self.rule and (
            not self.addresses or any(fnmatchcase(address, each) for each in self.addresses)
        )
