"""The seam between the machine and the kinds of secrets that it rotates."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from controller.diagnostics.secret import SecretText
from controller.model.material import Material
from controller.steps.secrets.request import SecretPorts


class Rotated(Protocol):
    """One kind, for one secret. Each method may be repeated, after a kill at any instant too."""

    @property
    def touches_world(self) -> bool:
        """Whether another system has to know the value."""

    @property
    def shows_previous(self) -> bool:
        """Whether consumers see the old value while it still counts."""

    @property
    def proof(self) -> str:
        """Name the place where consumers can be seen using the new one; empty: there is none."""

    def owns(self, material: Material) -> bool:
        """Tell whether a recorded value is of this kind."""

    def fits(self, material: Material) -> bool:
        """Tell whether a value is still what the document asks for."""

    def renew_at(self, material: Material) -> datetime | None:
        """Tell when a value has to be replaced because its own life ends."""

    def adopted(self, fields: Mapping[str, SecretText]) -> Material | None:
        """Read a value that was there before any record; None when it is not of this kind."""

    def fields(self, material: Material, previous: Material | None) -> Mapping[str, SecretText]:
        """Give what consumers read."""

    async def prepare(
        self, ports: SecretPorts, generation: int, current: Material | None
    ) -> Material:
        """Choose the new value, or what is known of it before it is made."""

    async def apply(
        self, ports: SecretPorts, prepared: Material, current: Material | None
    ) -> Material:
        """Make the new value work beside the current one; give it whole."""

    async def verify(self, ports: SecretPorts, material: Material) -> bool:
        """Use it as consumers do."""

    async def still_works(self, ports: SecretPorts, material: Material) -> bool:
        """Look whether what consumers have works, without using anything up."""

    async def repair(self, ports: SecretPorts, material: Material) -> bool:
        """Make what consumers have work again; False when it can only be replaced."""

    async def is_used(self, material: Material) -> bool:
        """Tell whether the place named by `proof` has the new one."""

    async def end(self, ports: SecretPorts, old: Material, current: Material) -> None:
        """End the old value."""

    async def is_dead(self, ports: SecretPorts, old: Material) -> bool:
        """Prove that the old value is refused."""

    def named(self, material: Material) -> str:
        """Name a value in a message, without showing it."""
