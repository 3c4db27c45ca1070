"""Two login roles of a PostgreSQL server in turn."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from controller.diagnostics.errors import Transient
from controller.diagnostics.secret import SecretText
from controller.model.material import Material
from controller.steps.secrets.render import login_fields
from controller.steps.secrets.request import PostgresLogin, SecretPorts

PASSWORD_LENGTH = 40


@dataclass(frozen=True, slots=True)
class LoginPair:
    """Implements `Rotated`."""

    kind: PostgresLogin
    touches_world = True
    shows_previous = False
    proof = ""

    @property
    def logins(self) -> tuple[str, str]:
        """Name the two logins of the role."""
        return f"{self.kind.role}_a", f"{self.kind.role}_b"

    def owns(self, material: Material) -> bool:
        """Tell whether it belongs to a login."""
        return bool(material.login) and not material.facts

    def fits(self, material: Material) -> bool:
        """Tell whether it is a login of the role that the document names."""
        return material.login in self.logins

    def renew_at(self, material: Material) -> datetime | None:
        """A password has no life of its own."""
        del material
        return None

    def adopted(self, fields: Mapping[str, SecretText]) -> Material | None:
        """Take a login of this role."""
        login, text = fields.get("username"), fields.get("password")
        name = login.reveal() if login is not None else ""
        return Material(name, text) if text is not None and name in self.logins else None

    def fields(self, material: Material, previous: Material | None) -> Mapping[str, SecretText]:
        """Give what a consumer needs to connect."""
        del previous
        return login_fields(self.kind, material)

    async def prepare(
        self, ports: SecretPorts, generation: int, current: Material | None
    ) -> Material:
        """Choose the login that is not in use, and its password."""
        del generation
        first, second = self.logins
        in_use = current is not None and current.login == first
        return Material(second if in_use else first, ports.new_secret(PASSWORD_LENGTH))

    async def apply(
        self, ports: SecretPorts, prepared: Material, current: Material | None
    ) -> Material:
        """Set the new password on the standby login."""
        del current
        await self._set(ports, prepared)
        return prepared

    async def verify(self, ports: SecretPorts, material: Material) -> bool:
        """Log in as consumers do."""
        return await ports.credentials.can_log_in(self.kind.database, material.login, material.text)

    async def still_works(self, ports: SecretPorts, material: Material) -> bool:
        """Log in as consumers do."""
        return await self.verify(ports, material)

    async def repair(self, ports: SecretPorts, material: Material) -> bool:
        """Set the password again, as after the database was made anew. Raises Transient."""
        await self._set(ports, material)
        if not await self.verify(ports, material):
            raise Transient.because(
                f"the {self.named(material)} is refused", code="secrets/refused"
            )
        return True

    async def is_used(self, material: Material) -> bool:
        """Nobody can tell."""
        del material
        return True

    async def end(self, ports: SecretPorts, old: Material, current: Material) -> None:
        """End the old login and its sessions."""
        del current
        await ports.credentials.disable(self.kind.database, old.login)

    async def is_dead(self, ports: SecretPorts, old: Material) -> bool:
        """Try to log in with the old password."""
        return not await self.verify(ports, old)

    def named(self, material: Material) -> str:
        """Name the login."""
        return f"login `{material.login}`"

    async def _set(self, ports: SecretPorts, material: Material) -> None:
        await ports.credentials.set_password(
            self.kind.database, self.kind.role, material.login, material.text
        )
