"""A receiver in memory."""

from dataclasses import dataclass, field

from controller.model.event import Event


@dataclass(slots=True)
class MemoryNotifier:
    """Implements `ports.notify.Notifier`."""

    received: list[Event] = field(default_factory=list)
    fails_with: Exception | None = None
    """What the next `send` raises, once."""
    refuses: dict[str, Exception] = field(default_factory=dict)
    """What `send` raises for events of a reason, each time; `*` is all."""

    async def send(self, event: Event) -> None:
        """Keep the event, unless it is here already."""
        if self.fails_with is not None:
            failure, self.fails_with = self.fails_with, None
            raise failure
        for reason in (event.reason, "*"):
            if reason in self.refuses:
                raise self.refuses[reason]
        if event not in self.received:
            self.received.append(event)

    async def close(self) -> None:
        """Keep what was received."""
