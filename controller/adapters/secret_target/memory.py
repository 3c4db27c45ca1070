"""A target in memory."""

from dataclasses import dataclass, field

from controller.diagnostics.secret import SecretText
from controller.model.names import SecretName


@dataclass(slots=True)
class MemorySecretTarget:
    """Implements `ports.secret_target.SecretTarget`."""

    delivered: dict[SecretName, tuple[int, SecretText]] = field(default_factory=dict)

    def address(self, secret: SecretName) -> str:
        """Tell where the secret is, or will be."""
        return f"memory:{secret}"

    async def put(self, secret: SecretName, text: SecretText, *, generation: int) -> None:
        """Bring the value there; the same generation again changes nothing."""
        if await self.generation(secret) != generation:
            self.delivered[secret] = (generation, text)

    async def generation(self, secret: SecretName) -> int | None:
        """Tell which generation is there."""
        there = self.delivered.get(secret)
        return None if there is None else there[0]

    async def remove(self, secret: SecretName) -> None:
        """Take it away."""
        self.delivered.pop(secret, None)
