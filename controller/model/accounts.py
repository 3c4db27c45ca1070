"""Accounts of providers: environments that share one share its limits."""

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class AccountShare:
    """What one environment says of its account."""

    environment: str
    account: str
    at_once: int | None = None
    per_minute: int | None = None


@dataclass
class Accounts:
    """Which environment uses which account, and what an account bears; changes with the head."""

    of: dict[str, str] = field(default_factory=dict)
    """Environment → account."""
    at_once: dict[str, int] = field(default_factory=dict)
    """Account → how many of its units may be worked on at a time."""
    per_minute: dict[str, int] = field(default_factory=dict)
    """Account → how many runs of an engine may begin in a minute."""

    def follow(self, shares: Iterable[AccountShare]) -> None:
        """Take over what the environments say; of several limits for one account the least."""
        self.of.clear()
        self.at_once.clear()
        self.per_minute.clear()
        for share in shares:
            self.of[share.environment] = share.account
            for limits, limit in (
                (self.at_once, share.at_once),
                (self.per_minute, share.per_minute),
            ):
                if limit is not None:
                    limits[share.account] = min(limit, limits.get(share.account, limit))
