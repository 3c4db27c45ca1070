"""What a maker gives, or is told of: the port does the work and this fits it into the machine."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from controller.diagnostics.secret import SecretText
from controller.model.material import Material
from controller.ports.credential import Maker
from controller.steps.secrets.request import SecretPorts

KIND = "kind"
"""The fact by which a recorded value is known to be of a maker's kind."""


@dataclass(frozen=True, slots=True)
class IssuedCredential:
    """Implements `Rotated`."""

    maker: Maker
    touches_world = True
    shows_previous = True

    @property
    def proof(self) -> str:
        """Name the place where the new one can be seen in use."""
        return self.maker.proof

    def owns(self, material: Material) -> bool:
        """Tell whether this kind of maker made it."""
        return material.facts.get(KIND) == self.maker.kind

    def fits(self, material: Material) -> bool:
        """Ask the maker."""
        return self.maker.fits(material)

    def renew_at(self, material: Material) -> datetime | None:
        """Ask the maker."""
        return self.maker.renew_at(material)

    def adopted(self, fields: Mapping[str, SecretText]) -> Material | None:
        """What has no record is not ours: it could not be ended later."""
        del fields
        return None

    def fields(self, material: Material, previous: Material | None) -> Mapping[str, SecretText]:
        """Ask the maker."""
        return self.maker.fields(material, previous)

    async def prepare(
        self, ports: SecretPorts, generation: int, current: Material | None
    ) -> Material:
        """Let the maker look and choose."""
        del ports
        return self._marked(await self.maker.prepare(generation, current))

    async def apply(
        self, ports: SecretPorts, prepared: Material, current: Material | None
    ) -> Material:
        """Let the maker make it."""
        del ports
        return self._marked(await self.maker.apply(prepared, current))

    async def verify(self, ports: SecretPorts, material: Material) -> bool:
        """Let the maker use it."""
        del ports
        return await self.maker.verify(material)

    async def still_works(self, ports: SecretPorts, material: Material) -> bool:
        """Let the maker look."""
        del ports
        return await self.maker.still_works(material)

    async def repair(self, ports: SecretPorts, material: Material) -> bool:
        """What its maker ended cannot be made to work again, only replaced."""
        del ports, material
        return False

    async def is_used(self, material: Material) -> bool:
        """Look at the place of the proof."""
        return await self.maker.is_used(material)

    async def end(self, ports: SecretPorts, old: Material, current: Material) -> None:
        """Let the maker end it."""
        del ports
        await self.maker.end(old, current)

    async def is_dead(self, ports: SecretPorts, old: Material) -> bool:
        """Let the maker prove it."""
        del ports
        return await self.maker.is_dead(old)

    def named(self, material: Material) -> str:
        """Name the kind, and what it is known by."""
        return f"{self.maker.kind} `{material.login}`" if material.login else self.maker.kind

    def _marked(self, material: Material) -> Material:
        return replace(material, facts={**material.facts, KIND: self.maker.kind})
