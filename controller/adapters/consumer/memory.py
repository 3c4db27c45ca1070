"""A consumer in memory."""

from dataclasses import dataclass, field

from controller.model.names import SecretName


@dataclass(slots=True)
class MemoryConsumer:
    """Implements `ports.consumer.Consumer`; has what a test says."""

    name: str
    generation: int = 0
    asked: list[int] = field(default_factory=list)

    async def has(self, secret: SecretName, generation: int) -> bool:
        """Note that it was asked, and compare."""
        del secret
        self.asked.append(generation)
        return self.generation >= generation
