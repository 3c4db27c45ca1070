"""An issuer in memory."""

import itertools
from dataclasses import dataclass, field
from datetime import datetime

from controller.diagnostics.secret import SecretText
from controller.model.issuance import Counter, Order, Permit, Wrapped
from controller.ports.clock import Clock


@dataclass(slots=True)
class MemoryIssuer:
    """Implements `ports.issuer.Issuer`; tokens end by the clock, as a server's do."""

    clock: Clock
    permits: dict[str, datetime] = field(default_factory=dict)
    """By accessor, when each ends by itself."""
    made: dict[str, list[str]] = field(default_factory=dict)
    """By accessor of a permit, what was made under it: all that was ever made."""
    wraps: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    """By accessor of a one-time token: its text, and when it ends."""
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    async def permit(self, order: Order) -> Permit:
        """Make a permit."""
        accessor = f"permit-{next(self._numbers)}"
        self.permits[accessor] = self.clock.now() + order.ttl
        return Permit(accessor, SecretText(f"token-of-{accessor}"))

    async def issue(self, permit: Permit, order: Order) -> Wrapped:
        """Make something under a permit."""
        number = next(self._numbers)
        self.made.setdefault(permit.accessor, []).append(f"{order.target} {number}")
        token = f"wrapping-token-{number}"
        self.wraps[f"wrap-{number}"] = (token, self.clock.now() + order.wrap_ttl)
        return Wrapped(SecretText(token), f"wrap-{number}", f"made/{order.target.name}")

    async def is_wrapped(self, accessor: str) -> bool:
        """Tell whether a one-time token still opens."""
        return accessor in self.wraps and self.clock.now() < self.wraps[accessor][1]

    async def end(self, accessor: str) -> bool:
        """End a token; tells whether it was there."""
        now = self.clock.now()
        _, wrap_ends = self.wraps.pop(accessor, ("", now))
        return self.permits.pop(accessor, now) > now or wrap_ends > now

    def counter(self) -> Counter:
        """Name a place."""
        return Counter("memory://issuer")

    def unwrap(self, token: str) -> bool:
        """Open a one-time token as somebody does who has it; tells whether it opened."""
        for accessor, (text, ends) in list(self.wraps.items()):
            if text == token and self.clock.now() < ends:
                del self.wraps[accessor]
                return True
        return False

    def alive(self) -> list[str]:
        """Give all credentials that work now."""
        now = self.clock.now()
        return [
            each
            for accessor, made in self.made.items()
            if accessor in self.permits and now < self.permits[accessor]
            for each in made
        ]
