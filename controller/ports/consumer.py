"""Who uses a secret, and has to be told of a new one, or tells that it has it."""

from typing import Protocol

from controller.model.names import SecretName


class Consumer(Protocol):
    """One consumer of one secret."""

    @property
    def name(self) -> str:
        """The name in the document; the same for ever."""

    async def has(self, secret: SecretName, generation: int) -> bool:
        """Tell it of this generation if it must be told, and tell whether it has it.

        May be repeated, which may reload it again. Unknown is False. Raises Transient, Stalled.
        """
