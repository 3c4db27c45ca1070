"""A random text: nobody but its consumers knows it, and both values count during the grace."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from controller.diagnostics.secret import SecretText
from controller.model.material import Material
from controller.steps.secrets.render import random_fields
from controller.steps.secrets.request import Random, SecretPorts


@dataclass(frozen=True, slots=True)
class RandomText:
    """Implements `Rotated`."""

    kind: Random
    touches_world = False
    shows_previous = True
    proof = ""

    def owns(self, material: Material) -> bool:
        """Tell whether it belongs to no login and no other system."""
        return not material.login and not material.facts

    def fits(self, material: Material) -> bool:
        """Every text does: a new length counts from the next rotation."""
        del material
        return True

    def renew_at(self, material: Material) -> datetime | None:
        """A text has no life of its own."""
        del material
        return None

    def adopted(self, fields: Mapping[str, SecretText]) -> Material | None:
        """Take `value`."""
        text = fields.get("value")
        return None if text is None else Material("", text)

    def fields(self, material: Material, previous: Material | None) -> Mapping[str, SecretText]:
        """Give `value`, and `previous` while it counts."""
        return random_fields(material, previous)

    async def prepare(
        self, ports: SecretPorts, generation: int, current: Material | None
    ) -> Material:
        """Make a text."""
        del generation, current
        return Material("", ports.new_secret(self.kind.length))

    async def apply(
        self, ports: SecretPorts, prepared: Material, current: Material | None
    ) -> Material:
        """Nothing is to be made anywhere."""
        del ports, current
        return prepared

    async def verify(self, ports: SecretPorts, material: Material) -> bool:
        """Nothing is to be proven."""
        del ports, material
        return True

    async def still_works(self, ports: SecretPorts, material: Material) -> bool:
        """A text does not break."""
        del ports, material
        return True

    async def repair(self, ports: SecretPorts, material: Material) -> bool:
        """A text does not break."""
        del ports, material
        return True

    async def is_used(self, material: Material) -> bool:
        """Nobody can tell."""
        del material
        return True

    async def end(self, ports: SecretPorts, old: Material, current: Material) -> None:
        """It ends by not being shown any more."""

    async def is_dead(self, ports: SecretPorts, old: Material) -> bool:
        """It is not shown any more."""
        del ports, old
        return True

    def named(self, material: Material) -> str:
        """It has no name."""
        del material
        return "value"
