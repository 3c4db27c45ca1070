"""A target in memory."""

from dataclasses import dataclass, field

from controller.diagnostics.secret import SecretText
from controller.model.delivery import PRIVATE, FileAccess
from controller.model.names import SecretName
from controller.ports.secret_target import Trace


@dataclass(slots=True)
class MemorySecretTarget:
    """Implements `ports.secret_target.SecretTarget`."""

    delivered: dict[SecretName, tuple[int, SecretText]] = field(default_factory=dict)
    access: dict[SecretName, FileAccess] = field(default_factory=dict)

    def address(self, secret: SecretName) -> str:
        """Tell where the secret is, or will be."""
        return f"memory:{secret}"

    async def put(
        self, secret: SecretName, text: SecretText, *, generation: int, access: FileAccess = PRIVATE
    ) -> None:
        """Bring the value there; the same generation again changes nothing."""
        if await self.generation(secret, access) != generation:
            self.delivered[secret] = (generation, text)
            self.access[secret] = access

    async def generation(self, secret: SecretName, access: FileAccess = PRIVATE) -> int | None:
        """Tell which generation is there."""
        there = self.delivered.get(secret)
        is_so = there is not None and self.access.get(secret, PRIVATE) == access
        return there[0] if there is not None and is_so else None

    async def trace(self, secret: SecretName) -> Trace | None:
        """Tell what changes whenever what lies there does."""
        there = self.delivered.get(secret)
        if there is None:
            return None
        return (*there, self.access.get(secret, PRIVATE))

    async def present(self) -> tuple[SecretName, ...]:
        """Name all secrets that lie here."""
        return tuple(sorted(self.delivered))

    async def remove(self, secret: SecretName) -> None:
        """Take it away."""
        self.delivered.pop(secret, None)
