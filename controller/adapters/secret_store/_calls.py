"""Requests to other parts of an OpenBao or Vault server than its kept secrets."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from controller.adapters.secret_store._paths import checked_path
from controller.diagnostics.secret import SecretText

if TYPE_CHECKING:
    import hvac

TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class ServerRequest:
    """One request."""

    method: str
    path: str
    body: Mapping[str, object] | None = None
    token: SecretText | None = None
    """Another token than that of the store."""
    wrap_seconds: int = 0
    """When not 0, the answer comes behind a token that opens it once."""

    def send(self, client: "hvac.Client") -> Mapping[str, Any]:
        """Send it. Raises what hvac raises, and Stalled for a path that cannot be one."""
        checked_path(self.path, what="path of the secret store")
        headers = {"X-Vault-Wrap-TTL": f"{self.wrap_seconds}s"} if self.wrap_seconds else {}
        asks = client if self.token is None else _with(client, self.token)
        answer = asks.adapter.request(
            self.method, f"/v1/{self.path}", headers=headers, json=self.body
        )
        return answer if isinstance(answer, dict) else {}


def _with(client: "hvac.Client", token: SecretText) -> "hvac.Client":
    import hvac

    session = client.session
    return hvac.Client(
        url=client.url, token=token.reveal(), session=session, verify=session.verify,
        timeout=TIMEOUT_SECONDS, namespace=client.adapter.namespace,
    )  # fmt: skip
