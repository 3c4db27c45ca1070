"""Events as lines in the controller's log."""

import structlog

from controller.model.event import Event, EventType


class LogNotifier:
    """Implements `ports.notify.Notifier`; `name` is that of the Notification document."""

    def __init__(self, name: str) -> None:
        self._log = structlog.get_logger("trueup.notify").bind(notification=name)

    async def send(self, event: Event) -> None:
        """Write a line."""
        write = self._log.warning if event.type is EventType.WARNING else self._log.info
        write(
            event.message,
            reason=event.reason,
            subject=event.subject,
            at=event.at.isoformat(),
            revision=event.revision or None,
            number=event.number,
        )

    async def close(self) -> None:
        """There is nothing to let go of."""
