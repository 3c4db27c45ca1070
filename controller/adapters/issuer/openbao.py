"""OpenBao and Vault: an orphan token for each request, and answers that the server wraps itself.

What a token made ends with it: leases of the database engine, certificates of the PKI engine (its
roles need `generate_lease`). So its accessor is all that has to be known before anything is made,
and when nobody comes back to end it, its own time does.
"""

import math
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from controller.diagnostics.errors import Stalled
from controller.diagnostics.secret import SecretText
from controller.model.issuance import Counter, Order, Permit, TargetKind, Wrapped
from schemas.issuing import DatabaseRole, Engines, PkiRole, SshRole

AUTHORITY_TTL = "87600h"
GONE = ("invalid accessor", "token not found")
"""What the server says of a token that ended; the second, while it is busy with that."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request to the server."""

    method: str
    path: str
    capability: str
    """What a policy must allow on the path."""
    body: Mapping[str, object] | None = None
    token: SecretText | None = None
    """Another token than the controller's own."""
    wrap_seconds: int = 0


class Server(Protocol):
    """Sends a request, with a login where needed."""

    def __call__(self, call: Call) -> Awaitable[Mapping[str, Any]]:
        """Give the answer. Raises StoreUnreachable, Stalled."""


@dataclass(frozen=True)
class Place:
    """Where things are in the server."""

    secrets: str
    """The path of kept secrets: `kv/data/trueup`."""
    token_role: str
    engines: Engines | None
    is_embedded: bool
    counter: Counter


class OpenBaoIssuer:
    """Implements `ports.issuer.Issuer`."""

    def __init__(self, server: Server, place: Place) -> None:
        self._server = server
        self._place = place

    async def permit(self, order: Order) -> Permit:
        """Make an orphan token by the token role, which says what it may do."""
        if self._place.is_embedded:
            await self._prepare(order)
        seconds = f"{math.ceil(order.ttl.total_seconds())}s"
        answer = await self._ask(
            Call(
                "post",
                f"auth/token/create/{self._place.token_role}",
                "update",
                {
                    "ttl": seconds, "explicit_max_ttl": seconds, "renewable": False,
                    "no_default_policy": True, "display_name": f"trueup-{order.id}",
                    "meta": {"request": order.id, "who": order.who},
                },
            )
        )  # fmt: skip
        auth = answer["auth"]
        if not auth.get("orphan", True) or auth.get("token_type") == "batch":
            raise Stalled.because(
                f"the token role `{self._place.token_role}` makes tokens that cannot be ended",
                hint="set `orphan=true` and `token_type=service`",
                code="issue/token-role-wrong",
            )
        return Permit(str(auth["accessor"]), SecretText(str(auth["client_token"])))

    async def issue(self, permit: Permit, order: Order) -> Wrapped:
        """Let the server make it and wrap its answer."""
        method, path, body = self._way(order)
        answer = await self._ask(
            Call(
                method, path, "update" if body else "read", body, permit.token,
                wrap_seconds=math.ceil(order.wrap_ttl.total_seconds()),
            )
        )  # fmt: skip
        info = answer["wrap_info"]
        if info["creation_path"] != path:
            raise Stalled.because(
                f"the store says that it wrapped `{info['creation_path']}`, and not `{path}`",
                hint="look who stands between the controller and its store",
                code="issue/wrapped-elsewhere",
            )
        return Wrapped(SecretText(str(info["token"])), str(info["accessor"]), path)

    async def is_wrapped(self, accessor: str) -> bool:
        """Look by the accessor: that does not use the token up."""
        try:
            await self._ask(
                Call("post", "auth/token/lookup-accessor", "update", {"accessor": accessor})
            )
        except Stalled as error:
            if _is_gone(error):
                return False
            raise
        return True

    async def end(self, accessor: str) -> bool:
        """Revoke a token by its accessor; the server tells of one that is gone as a warning."""
        try:
            answer = await self._ask(
                Call("post", "auth/token/revoke-accessor", "update", {"accessor": accessor})
            )
        except Stalled as error:
            if _is_gone(error):
                return False
            raise
        return not answer.get("warnings")

    def counter(self) -> Counter:
        """Tell where the server answers."""
        return self._place.counter

    def _way(self, order: Order) -> tuple[str, str, dict[str, object] | None]:
        """Give method, path and body of the request that makes what is ordered."""
        target, engines = order.target, self._place.engines
        role = target.name.rpartition("/")[2]
        seconds = f"{math.ceil(order.ttl.total_seconds())}s"
        match target.kind:
            case TargetKind.KEPT:
                return "get", f"{self._place.secrets}/{target.name}", None
            case TargetKind.DATABASE if engines and engines.database:
                return "get", f"{engines.database.mount}/creds/{role}", None
            case TargetKind.SSH if engines and engines.ssh:
                body: dict[str, object] = {
                    "public_key": target.public_key, "valid_principals": target.user,
                    "ttl": seconds, "cert_type": "user",
                }  # fmt: skip
                return "post", f"{engines.ssh.mount}/sign/{role}", body
            case TargetKind.PKI if engines and engines.pki:
                body = {"common_name": target.common_name, "ttl": seconds}
                return "post", f"{engines.pki.mount}/issue/{role}", body
        raise Stalled.because(f"the store has no engine for `{target}`")

    async def _ask(self, call: Call) -> Mapping[str, Any]:
        try:
            return await self._server(call)
        except Stalled as error:
            if error.diagnostics[0].code != "secrets/denied":
                raise
            whose = (
                f"tokens of the role `{self._place.token_role}`"
                if call.token
                else "the controller's token"
            )
            raise Stalled.because(
                f"the secret store does not let {whose} do `{call.capability}` on `{call.path}`",
                hint=f'its policy needs `path "{call.path}" '
                f'{{ capabilities = ["{call.capability}"] }}`',
                code="issue/denied",
            ) from None

    # What only the embedded server is set up with: nobody else does it there.

    async def _prepare(self, order: Order) -> None:
        """Mount the engine and write the role; both may be repeated."""
        kind, name = order.target.kind, order.target.name.rpartition("/")[2]
        if kind is TargetKind.KEPT or self._place.engines is None:
            return
        role = next(
            (r for word, _, r in self._place.engines.roles() if (word, r.name) == (kind, name)),
            None,
        )
        match role:
            case DatabaseRole():
                await self._prepare_database(role, order)
            case SshRole():
                await self._prepare_ssh(role)
            case PkiRole():
                await self._prepare_pki(role)
            case None:
                pass

    async def _mount(self, mount: str, engine: str) -> bool:
        """Mount an engine unless it is there; tell whether it was mounted now."""
        path = f"sys/mounts/{mount}"
        try:
            await self._ask(Call("get", path, "read"))
        except Stalled as error:
            if error.diagnostics[0].code == "issue/denied":
                raise
        else:
            return False
        config = {"max_lease_ttl": AUTHORITY_TTL}
        await self._ask(Call("post", path, "update", {"type": engine, "config": config}))
        return True

    async def _write(self, path: str, body: Mapping[str, object]) -> None:
        await self._ask(Call("post", path, "update", body))

    async def _prepare_database(self, role: DatabaseRole, order: Order) -> None:
        connection = role.connection
        if connection is None:
            return
        await self._mount("issue-database", "database")
        kept = await self._ask(Call("get", f"{self._place.secrets}/{connection.password}", "read"))
        await self._write(
            f"issue-database/config/{role.name}",
            {
                "plugin_name": "postgresql-database-plugin", "allowed_roles": [role.name],
                "connection_url": connection.url, "username": connection.username,
                "password": str(kept["data"]["data"]["value"]),
                "password_authentication": "scram-sha-256",
            },
        )  # fmt: skip
        # The token that a login is made under ends it in time; this is what the database itself is
        # told, as the last net, and it cannot be told per request.
        longest = f"{math.ceil(order.longest.total_seconds())}s"
        await self._write(
            f"issue-database/roles/{role.name}",
            {
                "db_name": role.name, "creation_statements": list(role.statements),
                "default_ttl": longest, "max_ttl": longest,
            },
        )  # fmt: skip

    async def _prepare_ssh(self, role: SshRole) -> None:
        await self._mount("issue-ssh", "ssh")
        # A second submission would make another authority that no machine trusts: look first.
        try:
            await self._ask(Call("get", "issue-ssh/config/ca", "read"))
        except Stalled as error:
            if error.diagnostics[0].code == "issue/denied":
                raise
            await self._write(
                "issue-ssh/config/ca", {"generate_signing_key": True, "key_type": "ed25519"}
            )
        users = ",".join(role.users)
        await self._write(
            f"issue-ssh/roles/{role.name}",
            {
                "key_type": "ca", "allow_user_certificates": True, "allowed_users": users,
                "default_extensions": {"permit-pty": ""}, "max_ttl": AUTHORITY_TTL,
                "key_id_format": "{{token_display_name}}",
            },
        )  # fmt: skip

    async def _prepare_pki(self, role: PkiRole) -> None:
        await self._mount("issue-pki", "pki")
        try:
            await self._ask(Call("list", "issue-pki/issuers", "list"))
        except Stalled as error:
            if error.diagnostics[0].code == "issue/denied":
                raise  # else there is none yet: the server says so of an empty list
            await self._write(
                "issue-pki/root/generate/internal",
                {"common_name": "Trueup issuing", "key_type": "ec", "ttl": AUTHORITY_TTL},
            )
        await self._write(
            f"issue-pki/roles/{role.name}",
            {
                "allowed_domains": list(role.domains), "allow_subdomains": True,
                "allow_bare_domains": True, "key_type": "ec", "generate_lease": True,
                "max_ttl": AUTHORITY_TTL,
            },
        )  # fmt: skip


def _is_gone(error: Stalled) -> bool:
    return any(words in str(error) for words in GONE)
