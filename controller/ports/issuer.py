"""Who makes credentials for a while, and hands them over behind a token that opens once.

No value ever comes to the controller: the store wraps its own answer.
"""

from typing import Protocol

from controller.model.issuance import Counter, Order, Permit, Wrapped


class Issuer(Protocol):
    """One store.

    All methods raise StoreUnreachable when it does not answer, and Stalled when it refuses.
    """

    async def permit(self, order: Order) -> Permit:
        """Make a token that may make what is ordered, and that ends by itself after its time.

        What is made under it ends with it. Not repeatable: one that is forgotten before it was used
        has made nothing, and ends by itself.
        """

    async def issue(self, permit: Permit, order: Order) -> Wrapped:
        """Make what is ordered, wrapped by the store itself. Not repeatable."""

    async def is_wrapped(self, accessor: str) -> bool:
        """Tell whether a one-time token was neither opened nor ended. May be repeated."""

    async def end(self, accessor: str) -> bool:
        """End a token with all that was made under it; tells whether it was there. Repeatable."""

    def counter(self) -> Counter:
        """Tell where one-time tokens are opened."""
