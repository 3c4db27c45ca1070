"""A login in another system that is made, checked and ended when a secret rotates."""

from typing import Protocol

from controller.diagnostics.secret import SecretText
from controller.model.delivery import DatabaseAddress


class CredentialIssuer(Protocol):
    """Two login roles of one owner, used in turn.

    Each method may be repeated with the same result. All raise Transient when the system does not
    answer, and Stalled when it refuses the administrator.
    """

    async def set_password(
        self, database: DatabaseAddress, role: str, login: str, password: SecretText
    ) -> None:
        """Make `login` (a member of `role`) able to log in with exactly this password."""

    async def can_log_in(self, database: DatabaseAddress, login: str, password: SecretText) -> bool:
        """Log in as the consumer does and run a query; False when the login is refused.

        An answer that leaves it open, as "too many connections", is not a refusal but Transient.
        """

    async def disable(self, database: DatabaseAddress, login: str) -> None:
        """End `login` and close its sessions. Ending what is ended is no error."""
