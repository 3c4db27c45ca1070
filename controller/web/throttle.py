"""How often an address may be wrong: whoever guesses tokens has to wait."""

import math
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from controller.web.refusals import TooManyTries

TRIES = 10
WINDOW = timedelta(minutes=1)
"""So many wrong tries within this time; then nothing is looked at until it is over."""
MOST = 4096
"""Addresses that are remembered; beyond that the one that was wrong longest ago is forgotten."""


class Throttle:
    """Counts wrong tries by address; what was right is not counted."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._wrong: OrderedDict[str, list[datetime]] = OrderedDict()

    def check(self, address: str) -> None:
        """Raise TooManyTries while an address has to wait."""
        tries = self._recent(address)
        if len(tries) >= TRIES:
            left = max(1, math.ceil((tries[0] + WINDOW - self._now()).total_seconds()))
            raise TooManyTries.after(left)

    def note_wrong(self, address: str) -> None:
        """Count a wrong try."""
        place = _place(address)
        self._wrong[place] = [*self._recent(address), self._now()]
        self._wrong.move_to_end(place)
        while len(self._wrong) > MOST:
            self._wrong.popitem(last=False)

    def _recent(self, address: str) -> list[datetime]:
        since = self._now() - WINDOW
        return [each for each in self._wrong.get(_place(address), []) if each > since]


def _place(address: str) -> str:
    """Take a network of IPv6 for one: somebody who has one address of it has them all."""
    try:
        known = ip_address(address)
    except ValueError:
        return address
    if isinstance(known, IPv6Address):
        return str(ip_network((known, 64), strict=False))
    return str(known)
