"""Who is told of what has happened."""

from typing import Protocol

from controller.model.event import Event


class Notifier(Protocol):
    """One receiver of events."""

    async def send(self, event: Event) -> None:
        """Tell one event. May be repeated: the receiver can see that it is the same.

        Raises Transient when it should be sent again, Stalled when it never will be taken.
        """

    async def close(self) -> None:
        """Let go of connections. May be repeated."""
