"""What makers on OpenBao or Vault need of a server that somebody is logged in to."""

from collections.abc import Mapping
from typing import Any, Protocol

from controller.diagnostics.secret import SecretText


class Server(Protocol):
    """A server of OpenBao or Vault."""

    async def request(
        self, method: str, path: str, body: Mapping[str, object] | None = None
    ) -> Mapping[str, Any] | None:
        """Ask; gives `data` of the answer, and None when there is no such thing.

        Raises StoreUnreachable, and Stalled when it is refused; a missing mount is refused.
        """

    async def accepts(self, mount: str, role: SecretText, secret: SecretText) -> bool:
        """Log in as an AppRole and out again; False when the login is refused."""
