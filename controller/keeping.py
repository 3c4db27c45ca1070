"""What people ask of what is kept: what went last, what would go, and that it goes now."""

import asyncio

from controller.model.caller import Caller, Role
from controller.model.retention import Cleaning
from controller.permission import require
from controller.workflows import keys
from controller.workflows.clean_up import CleanUp, last_cleaning
from controller.workflows.parts import Parts


class Keeping:
    """Answers and acts for callers."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._looking = asyncio.Lock()

    async def last(self) -> Cleaning | None:
        """Tell what went last, and what uses the disk; None before the first clean-up."""
        return await last_cleaning(self._parts)

    async def preview(self) -> Cleaning:
        """Tell what would go now, and why the rest is kept. One looks at a time: it is work."""
        async with self._looking:
            return await CleanUp(self._parts, dry=True).go()

    async def clean_up(self, caller: Caller) -> str:
        """Have what nobody needs taken away now. Gives what was woken."""
        require(caller, Role.ADMIN)
        await self._parts.recording.event(
            keys.RETENTION, "CleanUpRequested", f"{caller.name}: asked for a clean-up now"
        )
        await self._parts.world.dispatcher.wake(keys.RETENTION, priority=5)
        return keys.RETENTION
