"""The consumers that a secret's document names → who can be told and asked."""

from collections.abc import Sequence
from dataclasses import dataclass

from controller.diagnostics.errors import TrueupError
from controller.model.names import SecretName
from controller.ports.consumer import Consumer
from controller.workflows.parts import Parts
from controller.workflows.wishes import Wishes
from schemas.rotation import Consumer as ConsumerDocument


@dataclass(slots=True)
class Asked:
    """Implements `ports.consumer.Consumer`: believes the one itself, and who said so for it.

    One that cannot be asked keeps no other from it; what was wrong is kept as `reason`.
    """

    name: str
    wishes: Wishes
    inner: Consumer | None
    reason: str = ""

    async def has(self, secret: SecretName, generation: int) -> bool:
        """Tell whether it has this generation, as far as anybody knows."""
        if await self.wishes.acknowledged(secret, self.name) >= generation:
            return True
        if self.inner is None:
            return False
        try:
            return await self.inner.has(secret, generation)
        except TrueupError as error:
            self.reason = f"`{self.name}`: {error}"
            return False


def open_consumers(
    parts: Parts, documents: Sequence[ConsumerDocument], place: str
) -> tuple[Asked, ...]:
    """Give those that are waited for."""
    return tuple(_open(parts, each, place) for each in documents if each.ack != "none")


def _open(parts: Parts, document: ConsumerDocument, place: str) -> Asked:
    try:
        return Asked(document.name, parts.wishes, parts.world.consumer(document, place))
    except TrueupError as error:
        return Asked(document.name, parts.wishes, None, f"`{document.name}`: {error}")
