"""The consumers that a secret's document names → who can be told and asked."""

from collections.abc import Sequence
from dataclasses import dataclass

from controller.diagnostics.errors import DependencyNotReady, TrueupError
from controller.model.condition import ConditionType
from controller.model.names import SecretName, StageName, UnitName
from controller.ports.consumer import Consumer
from controller.workflows import keys
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


@dataclass(frozen=True, slots=True)
class RestartedStack:
    """Implements `ports.consumer.Consumer`: counts when its unit is ready after the restart."""

    name: str
    unit: UnitName
    inner: Consumer
    parts: Parts

    async def has(self, secret: SecretName, generation: int) -> bool:
        """Have it restarted, unless somebody suspended it. Raises DependencyNotReady."""
        if await self.parts.wishes.is_suspended(self.unit):
            raise DependencyNotReady.because(f"`{self.unit}` is suspended, and is not restarted")
        if not await self.inner.has(secret, generation):
            return False
        status = await self.parts.world.ledger.unit(self.unit)
        if status is None or not status.is_true(ConditionType.READY):
            raise DependencyNotReady.because(f"`{self.unit}` is not ready after its restart")
        told = f"it runs with generation {generation} of secret `{secret}`"
        await self.parts.recording.event(keys.unit_key(self.unit), "Restarted", told)
        return True


def open_consumers(
    parts: Parts, documents: Sequence[ConsumerDocument], stage: StageName, place: str
) -> tuple[Asked, ...]:
    """Give those that are waited for."""
    return tuple(_open(parts, each, stage, place) for each in documents if each.ack != "none")


def _open(parts: Parts, document: ConsumerDocument, stage: StageName, place: str) -> Asked:
    try:
        inner = parts.world.consumer(document, stage, place)
    except TrueupError as error:
        return Asked(document.name, parts.wishes, None, f"`{document.name}`: {error}")
    if document.stack is not None:
        unit = UnitName(stage.product, stage.environment, document.stack)
        inner = RestartedStack(document.name, unit, inner, parts)
    return Asked(document.name, parts.wishes, inner)
