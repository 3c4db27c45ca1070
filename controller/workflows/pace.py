"""How often an engine may begin in an account: a place in the row for each, and nobody starves."""

from datetime import datetime, timedelta

from controller.model.accounts import Accounts
from controller.ports.clock import Clock

MINUTE = timedelta(minutes=1)
BURST = 6
"""A sixth of a minute's starts may come at once."""


class Pace:
    """Gives each run of an engine its instant; forgotten with the process, which costs a burst."""

    def __init__(self, clock: Clock, accounts: Accounts) -> None:
        self._clock = clock
        self._accounts = accounts
        self._next: dict[str, datetime] = {}
        self._places: dict[str, datetime] = {}
        self._seen = clock.now()

    def wait_until(self, key: str, environment: str) -> datetime | None:
        """Give the instant to come again at; None: begin now.

        Whoever is told to come again keeps the place, so that the order is the order of asking.
        """
        account = self._accounts.of.get(environment, environment)
        rate = self._accounts.per_minute.get(account)
        now = self._clock.now()
        if now < self._seen:  # the clock was set back: the places are of another time
            self._next.clear()
            self._places.clear()
        self._seen = now
        if rate is None:
            self._places.pop(key, None)
            return None
        place = self._places.get(key)
        if place is None:
            place = self._take_place(account, MINUTE / rate, max(1, rate // BURST), now)
        if place <= now:
            self._places.pop(key, None)
            return None
        self._places[key] = place
        return place

    def _take_place(self, account: str, every: timedelta, burst: int, now: datetime) -> datetime:
        quiet = now - every * (burst - 1)
        place = max(self._next.get(account, quiet), quiet)
        self._next[account] = place + every
        return place
