"""Logins in memory."""

from dataclasses import dataclass, field

from controller.diagnostics.secret import SecretText
from controller.model.delivery import DatabaseAddress


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
