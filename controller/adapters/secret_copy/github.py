"""A copy as a GitHub Actions secret of a repository.

GitHub never shows a value, and secrets carry no notes. The notes are a variable beside the secret,
`<NAME>_TRUEUP`, with the instant at which the secret changed last: another instant there means that
somebody else wrote it. The value is sealed for GitHub's key before it leaves this process.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from controller.diagnostics.errors import Stalled, StoreBusy, StoreUnreachable
from controller.diagnostics.secret import SecretText
from controller.model.delivery import CopyState
from controller.tls import trust_for

TIMEOUT_SECONDS = 10.0
NOT_FOUND, SERVER_ERROR = 404, 500
REFUSED = frozenset({401, 403})
BUSY = frozenset({429})


@dataclass(frozen=True, slots=True)
class GitHubCopy:
    """Implements `ports.secret_copy.SecretCopy`."""

    api: str
    token: SecretText
    repository: str
    name: str

    @property
    def address(self) -> str:
        """Tell repository and name."""
        return f"github:{self.repository}/{self.name}"

    async def look(self) -> CopyState | None:
        """Read the notes. A repository that may not be seen is refused, not taken for empty."""
        async with self._client() as client:
            await self._key(client)
            secret = await self._get(client, f"secrets/{self.name}")
            if secret is None:
                return None
            variable = await self._get(client, f"variables/{self._note}")
        notes = _notes(variable)
        return CopyState(
            owner=str(notes.get("owner", "")),
            fingerprint=str(notes.get("fingerprint", "")),
            is_moved=notes.get("updated_at") != secret["updated_at"],
        )

    async def put(self, fields: Mapping[str, SecretText], *, owner: str, fingerprint: str) -> None:
        """Note the owner, write the value, and note the rest."""
        if set(fields) != {"value"}:
            raise Stalled.because(
                f"`{self.address}` holds one text and the secret has several fields",
                hint="give the copy a `template`",
                code="secrets/unknown-field",
            )
        async with self._client() as client:
            key = await self._key(client)
            await self._write_note(client, {"owner": owner})
            body = {
                "encrypted_value": _sealed(str(key["key"]), fields["value"]),
                "key_id": key["key_id"],
            }
            await self._send(client, "PUT", f"secrets/{self.name}", body)
            secret = await self._get(client, f"secrets/{self.name}") or {}
            notes = {"owner": owner, "fingerprint": fingerprint}
            await self._write_note(client, notes | {"updated_at": secret.get("updated_at")})

    async def remove(self) -> None:
        """Delete the secret, and then the notes."""
        async with self._client() as client:
            await self._key(client)
            for path in (f"secrets/{self.name}", f"variables/{self._note}"):
                if await self._get(client, path) is not None:
                    await self._send(client, "DELETE", path, None)

    @property
    def _note(self) -> str:
        return f"{self.name}_TRUEUP"

    def _client(self) -> httpx.AsyncClient:
        headers = {
            "Authorization": f"Bearer {self.token.reveal()}",
            "Accept": "application/vnd.github+json",
        }
        return httpx.AsyncClient(
            base_url=f"{self.api}/repos/{self.repository}/actions/",
            headers=headers,
            timeout=TIMEOUT_SECONDS,
            trust_env=False,
            verify=trust_for(self.api),
        )

    async def _key(self, client: httpx.AsyncClient) -> dict[str, Any]:
        """Give the key to seal for; only who may write secrets is given it."""
        found = await self._get(client, "secrets/public-key")
        if found is None:
            raise Stalled.because(
                f"GitHub does not show the secrets of `{self.repository}`",
                hint="give the controller's token the right `secrets: write` there",
                code="secrets/denied",
            )
        return found

    async def _write_note(self, client: httpx.AsyncClient, notes: dict[str, object]) -> None:
        body = {"name": self._note, "value": json.dumps(notes)}
        if await self._get(client, f"variables/{self._note}") is None:
            await self._send(client, "POST", "variables", body)
        else:
            await self._send(client, "PATCH", f"variables/{self._note}", body)

    async def _get(self, client: httpx.AsyncClient, path: str) -> dict[str, Any] | None:
        response = await self._send(client, "GET", path, None)
        found: dict[str, Any] | None = None if response is None else response.json()
        return found

    async def _send(
        self, client: httpx.AsyncClient, method: str, path: str, body: dict[str, Any] | None
    ) -> httpx.Response | None:
        doing = f"{method} {self.address}"
        try:
            response = await client.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise StoreUnreachable.because(
                f"{doing}: GitHub does not answer ({type(error).__name__})"
            ) from None
        if response.status_code == NOT_FOUND and method in {"GET", "DELETE"}:
            return None
        if response.status_code in BUSY or response.headers.get("x-ratelimit-remaining") == "0":
            raise StoreBusy.because(f"{doing}: GitHub asks for fewer requests")
        if response.status_code >= SERVER_ERROR:
            raise StoreUnreachable.because(f"{doing}: GitHub failed: {response.status_code}")
        if response.is_error:
            code = "secrets/denied" if response.status_code in REFUSED else None
            raise Stalled.because(
                f"{doing}: GitHub refused: {response.status_code}",
                hint="give the controller's token the rights `secrets` and `variables: write`",
                code=code,
            )
        return response


def _notes(variable: dict[str, Any] | None) -> dict[str, object]:
    try:
        found = json.loads(variable["value"]) if variable else {}
    except (KeyError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _sealed(key: str, text: SecretText) -> str:
    from nacl.public import PublicKey, SealedBox

    sealed = SealedBox(PublicKey(base64.b64decode(key))).encrypt(text.reveal().encode())
    return base64.b64encode(sealed).decode()
