"""Logins in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from controller.diagnostics.errors import Stalled
from controller.diagnostics.secret import SecretText
from controller.model.delivery import DatabaseAddress
from controller.model.material import Material


@dataclass(slots=True)
class MemoryCredentialIssuer:
    """Implements `ports.credential.CredentialIssuer`; a disabled login keeps no password."""

    logins: dict[tuple[str, str], SecretText | None] = field(default_factory=dict)
    """By address and login; None: disabled."""

    async def set_password(
        self, database: DatabaseAddress, role: str, login: str, password: SecretText
    ) -> None:
        """Make `login` able to log in with exactly this password."""
        del role
        self.logins[database.url, login] = password

    async def can_log_in(self, database: DatabaseAddress, login: str, password: SecretText) -> bool:
        """Tell whether the login has this password."""
        return self.logins.get((database.url, login)) == password

    async def disable(self, database: DatabaseAddress, login: str) -> None:
        """End `login`."""
        if (database.url, login) in self.logins:
            self.logins[database.url, login] = None


@dataclass(slots=True)
class MemoryMaker:
    """Implements `ports.credential.Maker`: names each value itself, as a vendor of keys does."""

    most: int = 2
    """How many may be alive at a time."""
    proof: str = ""
    alive: dict[str, SecretText] = field(default_factory=dict)
    made: int = 0
    used: str = ""
    """What the place of the proof shows."""
    ends: datetime | None = None
    kind = "memory"

    def fits(self, material: Material) -> bool:
        """Everything does."""
        del material
        return True

    def renew_at(self, material: Material) -> datetime | None:
        """Tell the end that a test gave it."""
        del material
        return self.ends

    def fields(self, material: Material, previous: Material | None) -> Mapping[str, SecretText]:
        """Give name and value."""
        fields = {"name": SecretText(material.login), "value": material.text}
        return fields if previous is None else {**fields, "previous": previous.text}

    async def prepare(self, generation: int, current: Material | None) -> Material:
        """Note what is alive."""
        del generation, current
        return Material("", SecretText(""), {"before": " ".join(sorted(self.alive))})

    async def apply(self, prepared: Material, current: Material | None) -> Material:
        """Make one, after what a killed attempt left is gone."""
        if prepared.login in self.alive:
            return prepared
        kept = {*prepared.facts["before"].split(), current.login if current else ""}
        for orphan in [name for name in self.alive if name not in kept]:
            del self.alive[orphan]
        if len(self.alive) >= self.most:
            raise Stalled.because(f"there are {len(self.alive)} already")
        self.made += 1
        name, text = f"key{self.made}", SecretText(f"text{self.made}")
        self.alive[name] = text
        return replace(prepared, login=name, text=text)

    async def verify(self, material: Material) -> bool:
        """Look it up."""
        return self.alive.get(material.login) == material.text

    async def still_works(self, material: Material) -> bool:
        """Look it up."""
        return await self.verify(material)

    async def is_used(self, material: Material) -> bool:
        """Compare with what the place shows."""
        return self.used == material.login

    async def end(self, old: Material, current: Material) -> None:
        """Forget it."""
        if old.login != current.login:
            self.alive.pop(old.login, None)

    async def is_dead(self, old: Material) -> bool:
        """Look it up."""
        return old.login not in self.alive
