"""OpenBao or Vault over HTTP, with hvac: the KV engine, version 2.

hvac is synchronous, so each request runs in a thread. Address and token are always passed: hvac
would take `VAULT_ADDR`, `VAULT_TOKEN` and `~/.vault-token` otherwise.
"""

import asyncio
import json
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from controller.adapters.secret_store._calls import ServerRequest
from controller.adapters.secret_store._failures import Need, is_absent, is_forbidden, translated
from controller.adapters.secret_store._listing import latest_metadata, names_below
from controller.adapters.secret_store._login import (
    AppRole,
    Authentication,
    Jwt,
    Kubernetes,
    Token,
    is_accepted,
    login_failed,
    take_token,
)
from controller.adapters.secret_store._paths import LARGEST_SECRET, checked_path, revealed
from controller.adapters.secret_store._private import write_new
from controller.adapters.secret_store._session import open_session
from controller.diagnostics.errors import Stalled, TrueupError
from controller.diagnostics.secret import SecretText
from controller.model.delivery import (
    SecretDescription,
    SecretReference,
    StoreCapabilities,
)

if TYPE_CHECKING:
    import hvac
    import requests

__all__ = ["AppRole", "Jwt", "Kubernetes", "OpenBaoSecretStore", "ServerRequest", "Token"]

Given = TypeVar("Given")

TIMEOUT_SECONDS = 10.0


def _utc_now() -> datetime:
    return datetime.now(UTC)


class OpenBaoSecretStore:
    """Implements `ports.secret_store.SecretStore`; made by `connect`."""

    def __init__(
        self,
        client: "hvac.Client",
        session: "requests.Session",
        authentication: Authentication,
        *,
        mount: str,
        prefix: str,
        now: Callable[[], datetime],
    ) -> None:
        self._client = client
        self._session = session
        self._authentication = authentication
        self._mount = mount
        self._prefix = prefix
        self._now = now
        self._login = threading.Lock()
        self._reads_values = False

    @classmethod
    async def connect(  # noqa: PLR0913 - the settings of one server, all but two with a default
        cls,
        address: str,
        authentication: Authentication,
        *,
        mount: str = "kv",
        prefix: str = "trueup",
        verify: Path | None = None,
        namespace: str | None = None,
        now: Callable[[], datetime] = _utc_now,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> Self:
        """Log in, so that a wrong setting is found at the start.

        Every path lies below `mount` and `prefix`; `verify` is the file of a private authority.
        Raises StoreUnreachable, and Stalled when the login or the certificate is not accepted.
        """
        import hvac

        checked_path(mount, what="mount of a secret store")
        checked_path(prefix, what="prefix of a secret store")
        session = open_session(verify)
        client = hvac.Client(
            url=address,
            token="",
            session=session,
            verify=session.verify,
            timeout=timeout_seconds,
            namespace=namespace,
        )
        store = cls(client, session, authentication, mount=mount, prefix=prefix, now=now)
        await asyncio.to_thread(store._log_in)
        return store

    @property
    def capabilities(self) -> StoreCapabilities:
        """Tell what this store can hold and promise."""
        return StoreCapabilities(LARGEST_SECRET, is_searched_at_once=True)

    @property
    def data_path(self) -> str:
        """The path below which the values are."""
        return f"{self._mount}/data/{self._prefix}"

    async def close(self) -> None:
        """Close the connections."""
        self._session.close()

    async def read(
        self, reference: SecretReference, *, version: int | None = None
    ) -> Mapping[str, SecretText] | None:
        """Give the fields; None when there is no such secret or version, or it was deleted."""
        path = self._path(reference)
        found = await self._find(
            f"reading `{reference.path}`",
            lambda: self._versions().read_secret_version(
                path, version=version, mount_point=self._mount, raise_on_deleted_version=True
            ),
            self._need("data", "read"),
        )
        return None if found is None else _hidden(found["data"]["data"])

    async def write(
        self,
        reference: SecretReference,
        fields: Mapping[str, SecretText],
        *,
        expect: int,
        marks: Mapping[str, str] | None = None,
    ) -> int:
        """Write a new version if the stored one is `expect`; raises PlanStale when it is not.

        Not repeated when the answer is lost: the caller looks and decides. Marks are made before
        the first version: a crash between the two leaves no value that belongs to nobody.
        """
        plain = revealed(fields)
        path = self._path(reference)
        if expect == 0 and marks:
            await self._ask(
                f"marking `{reference.path}`",
                lambda: self._versions().update_metadata(
                    path, custom_metadata=dict(marks), mount_point=self._mount
                ),
                self._need("metadata", "create", "update"),
            )
        written = await self._ask(
            f"writing `{reference.path}`",
            lambda: self._versions().create_or_update_secret(
                path, plain, cas=expect, mount_point=self._mount
            ),
            self._need("data", "create", "update"),
        )
        return int(written["data"]["version"])

    async def delete(self, reference: SecretReference) -> None:
        """Delete all versions and what is known of them."""
        path = self._path(reference)
        await self._ask(
            f"deleting `{reference.path}`",
            lambda: self._versions().delete_metadata_and_all_versions(
                path, mount_point=self._mount
            ),
            self._need("metadata", "delete"),
        )

    async def describe(self, reference: SecretReference) -> SecretDescription | None:
        """Give version and marks; None when there is no such secret.

        A login that may not read metadata finds the same beside the value.
        """
        path, mount = self._path(reference), self._mount
        doing = f"describing `{reference.path}`"
        if not self._reads_values:
            try:
                found = await self._find(
                    doing,
                    lambda: self._versions().read_secret_metadata(path, mount_point=mount)["data"],
                    self._need("metadata", "read"),
                )
            except Stalled as error:
                if error.diagnostics[0].code != "secrets/denied":
                    raise
            else:
                return None if found is None else self._described(reference, found)
        found = await self._find(
            doing, lambda: latest_metadata(self._client, mount, path), self._need("data", "read")
        )
        self._reads_values = True
        return None if found is None else self._described(reference, found)

    async def mark(self, reference: SecretReference, marks: Mapping[str, str]) -> None:
        """Merge `marks` into the custom metadata; a merge, so that other people's stay."""
        path = f"{self._mount}/metadata/{self._path(reference)}"
        await self._ask(
            f"marking `{reference.path}`",
            lambda: self._merge(path, marks),
            self._need("metadata", "patch"),
        )

    async def survey(self, folder: str = "") -> Mapping[str, SecretDescription]:
        """Describe every secret below the prefix, or in a folder of it, in one request."""
        below = f"{checked_path(folder)}/" if folder else ""
        path = f"{self._mount}/detailed-metadata/{self._prefix}/{below}"
        found = await self._find(
            f"looking through `{self._mount}`",
            lambda: self._client.adapter.get(f"/v1/{path}", params={"scan": "true"}),
            self._need("detailed-metadata", "read", "list", "scan"),
        )
        details = found["data"].get("key_info", {}) if found else {}  # none of an empty folder
        described = {
            below + name: self._described(SecretReference("", below + name), detail)
            for name, detail in details.items()
            if not name.endswith("/")
        }
        return {name: each for name, each in described.items() if each is not None}

    async def names(self) -> tuple[str, ...]:
        """Give the paths of all secrets, with the right to list alone; a request for a folder."""
        client, mount, prefix = self._client, self._mount, self._prefix
        return await self._ask(
            "listing",
            lambda: tuple(names_below(client, mount, prefix)),
            self._need("metadata", "list"),
        )

    async def snapshot(self, file: Path) -> int:
        """Write a snapshot of the server's storage to a new private file; gives its bytes.

        The file is there whole or not at all. What it holds is encrypted with the keys of the
        server's seal, which it does not hold. Raises Stalled when the file is there already.
        """
        take = self._client.sys.take_raft_snapshot
        content = await self._ask("taking a snapshot", lambda: _body(take()))
        try:
            write_new(file, content)
        except OSError as error:
            raise Stalled.because(
                f"`{file}` cannot be written: {error.strerror}", code="secrets/file-not-writable"
            ) from error
        return len(content)

    async def restore(self, file: Path, *, is_foreign: bool = False) -> None:
        """Replace the server's storage by a snapshot; a foreign one is sealed with other keys."""
        content = file.read_bytes()
        path = "/v1/sys/storage/raft/snapshot" + ("-force" if is_foreign else "")
        await self._ask(
            "restoring a snapshot", lambda: self._client.adapter.post(path, data=content)
        )

    async def request(
        self, method: str, path: str, body: Mapping[str, object] | None = None
    ) -> Mapping[str, Any] | None:
        """Ask another engine of the server; gives `data`, and None when there is no such thing.

        For issuers of credentials. Raises what `read` raises.
        """
        doing = f"asking `{path}`"
        named = f"/v1/{checked_path(path, what='path of a request')}"
        found = await self._find(
            doing,
            lambda: self._client.adapter.request(method, named, json=body),
            Need.to(method, path),
        )
        if found is None:
            return None
        return found.get("data") or {} if isinstance(found, dict) else {}

    async def accepts(self, mount: str, role: SecretText, secret: SecretText) -> bool:
        """Log in as an AppRole with the same server, and out again; False when it is refused."""
        return await self._ask(
            "logging in", lambda: is_accepted(self._client, AppRole(role, secret, mount))
        )

    async def call(self, request: ServerRequest) -> Mapping[str, Any]:
        """Send one request to another part of the server; gives its answer, {} when there is none.

        Not repeated when the answer is lost.
        """
        return await self._ask(f"asking `{request.path}`", lambda: request.send(self._client))

    def _merge(self, path: str, marks: Mapping[str, str]) -> Any:
        return self._client.adapter.request(
            "patch",
            f"/v1/{path}",
            headers={"Content-Type": "application/merge-patch+json"},
            json={"custom_metadata": dict(marks)},
        )

    def _described(self, reference: SecretReference, data: Any) -> SecretDescription | None:
        """Read KV's metadata; None when no version was ever written."""
        version = int(data["current_version"])
        if version == 0:
            return None
        latest = data["versions"][str(version)]
        ends = latest["deletion_time"]
        gone = bool(latest["destroyed"]) or (
            ends != "" and datetime.fromisoformat(ends) <= self._now()
        )
        created = datetime.fromisoformat(latest["created_time"])
        marks = data.get("custom_metadata") or {}
        return SecretDescription(reference, version, created, deleted=gone, marks=marks)

    def _versions(self) -> Any:
        return self._client.secrets.kv.v2

    def _path(self, reference: SecretReference) -> str:
        return f"{self._prefix}/{checked_path(reference.path)}"

    def _need(self, part: str, *capabilities: str) -> Need:
        return Need(f"{self._mount}/{part}/{self._prefix}/*", capabilities)

    async def _find(
        self, doing: str, ask: Callable[[], Given], need: Need | None = None
    ) -> Given | None:
        """Ask; None when the answer is that there is no such secret."""

        def found() -> Given | None:
            try:
                return ask()
            except Exception as error:
                if is_absent(error):
                    return None
                raise

        return await self._ask(doing, found, need)

    async def _ask(self, doing: str, ask: Callable[[], Given], need: Need | None = None) -> Given:
        try:
            return await asyncio.to_thread(self._with_login, ask)
        except TrueupError:
            raise
        except Exception as error:  # noqa: BLE001 - hvac and requests share no class below it
            raise translated(error, doing, need) from None

    def _with_login(self, ask: Callable[[], Given]) -> Given:
        """Ask, and once more after a new login when the token turns out to have ended."""
        used = self._client.token
        try:
            return ask()
        except Exception as error:
            if not is_forbidden(error) or not self._renewed(used):
                raise
        return ask()

    def _renewed(self, used: str) -> bool:
        """Tell whether there is another token than `used` now; an ended one is replaced once."""
        with self._login:
            if self._client.token == used:
                if self._is_accepted():
                    return False
                self._log_in()
            return True

    def _is_accepted(self) -> bool:
        """Tell an ended token from a missing right: both are answered with 403."""
        try:
            self._client.auth.token.lookup_self()
        except Exception as error:
            if is_forbidden(error):
                return False
            raise
        return True

    def _log_in(self) -> None:
        """Take a new token; raises our errors."""
        try:
            take_token(self._client, self._authentication)
        except Exception as error:  # noqa: BLE001 - hvac and requests share no class below it
            raise login_failed(error) from None


def _body(response: "requests.Response") -> bytes:
    """Give a whole body; one that ends early is no snapshot."""
    content: bytes = response.content
    response.raise_for_status()
    return content


def _hidden(fields: Mapping[str, Any]) -> dict[str, SecretText]:
    """Wrap every value at once; what is no text, because somebody else wrote it, as JSON."""
    return {
        name: SecretText(value if isinstance(value, str) else json.dumps(value))
        for name, value in fields.items()
    }
