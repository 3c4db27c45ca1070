"""A copy in memory."""

from collections.abc import Mapping
from dataclasses import dataclass

from controller.diagnostics.secret import SecretText
from controller.model.delivery import CopyState


@dataclass(slots=True)
class MemoryCopy:
    """Implements `ports.secret_copy.SecretCopy`."""

    address: str = "memory"
    state: CopyState | None = None
    content: Mapping[str, SecretText] | None = None

    async def look(self) -> CopyState | None:
        """Give the notes."""
        return self.state

    async def put(self, fields: Mapping[str, SecretText], *, owner: str, fingerprint: str) -> None:
        """Keep the fields and the notes."""
        self.content, self.state = dict(fields), CopyState(owner, fingerprint, is_moved=False)

    async def remove(self) -> None:
        """Forget both."""
        self.content = self.state = None
