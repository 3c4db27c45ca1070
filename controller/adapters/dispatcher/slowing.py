"""Accounts that asked for fewer requests: half as many at a time, then one more a minute."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from controller.adapters.dispatcher._store import GroupOf
from controller.model.accounts import Accounts

QUIET = timedelta(minutes=1)
"""How long an account must have been quiet for one more unit at a time."""
FREE = 64
"""As many at a time as no account needs to be held to."""


@dataclass(frozen=True, slots=True)
class _Slowed:
    at_once: int
    since: datetime


@dataclass
class Slowing:
    """Which groups may not start another key now, for the sake of their accounts."""

    accounts: Accounts
    group_of: GroupOf
    """The group whose account a key asks, also for keys that count in no group."""
    _slowed: dict[str, _Slowed] = field(default_factory=dict)

    def closed(self, working: Mapping[str | None, int], now: datetime) -> set[str]:
        """Give the groups whose account has as many keys worked on as it bears."""
        busy: Counter[str] = Counter()
        for group, account in self.accounts.of.items():
            busy[account] += working.get(group, 0)
        full = {name for name, number in busy.items() if number >= self.at_once(name, now)}
        return {group for group, account in self.accounts.of.items() if account in full}

    def at_once(self, account: str, now: datetime) -> int:
        """Tell how many keys of an account may be worked on at a time."""
        declared = self.accounts.at_once.get(account, FREE)
        slowed = self._slowed.get(account)
        if slowed is None:
            return declared
        if now < slowed.since:  # the clock was set back
            slowed = self._slowed[account] = _Slowed(slowed.at_once, now)
        allowed = slowed.at_once + (now - slowed.since) // QUIET
        if allowed >= declared:
            del self._slowed[account]
            return declared
        return allowed

    def throttled(self, key: str, working: Mapping[str | None, int], now: datetime) -> None:
        """Halve what a key's account may do at a time; several answers at once count as one."""
        group = self.group_of(key)
        account = self.accounts.of.get(group) if group is not None else None
        if account is None:
            return
        before = self._slowed.get(account)
        if before is not None and now - before.since < QUIET / 2:
            return
        busy = sum(working.get(each, 0) for each, of in self.accounts.of.items() if of == account)
        self._slowed[account] = _Slowed(max(1, min(busy, self.at_once(account, now)) // 2), now)
