"""The engines of the embedded server that makers use: nobody else sets them up there.

A server of somebody else's has its engines, with the limits that its owner gave them. Here the only
one who may use them is the controller, for what documents in Git name.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.adapters.credential._server import Server
from controller.diagnostics.errors import Stalled
from schemas.generate import Certificate, Generate

LONGEST = "87600h"


@dataclass
class EmbeddedEngines:
    """Sets each of them up once, when a secret first needs it."""

    _ready: set[tuple[str, str]] = field(default_factory=set)
    _guard: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def prepare(self, server: Server, generate: Generate) -> None:
        """Mount what a secret needs; all of it may be repeated. Raises Stalled for other mounts."""
        async with self._guard:  # of two roots that are made at once, one is trusted by nobody
            if generate.certificate is not None:
                await self._once(server, "pki", generate.certificate.mount)
                await self._role(server, generate.certificate)
            if generate.totp is not None:
                await self._once(server, "totp", generate.totp.mount)
            if generate.transit_key is not None:
                await self._once(server, "transit", generate.transit_key.mount)

    async def _once(self, server: Server, engine: str, mount: str) -> None:
        if mount != engine:
            raise Stalled.because(
                f"the embedded server has its engine `{engine}` at `{engine}`, not at `{mount}`",
                hint="leave `mount` out",
                code="secrets/no-engine",
            )
        if (engine, "") in self._ready:
            return
        if not await _is_mounted(server, mount):
            body = {"type": engine, "config": {"max_lease_ttl": LONGEST}}
            await server.request("post", f"sys/mounts/{mount}", body)
        if engine == "pki" and not await server.request("list", f"{mount}/issuers"):
            root = {"common_name": "Trueup", "key_type": "ec", "ttl": LONGEST}
            await server.request("post", f"{mount}/root/generate/internal", root)
        self._ready.add((engine, ""))

    async def _role(self, server: Server, wanted: Certificate) -> None:
        """Write the role. It limits nothing: documents say the names, and nobody else asks."""
        if ("pki", wanted.role) in self._ready:
            return
        role: Mapping[str, object] = {
            "allow_any_name": True, "enforce_hostnames": False, "key_type": "any",
            "max_ttl": LONGEST,
        }  # fmt: skip
        await server.request("post", f"{wanted.mount}/roles/{wanted.role}", role)
        self._ready.add(("pki", wanted.role))


async def _is_mounted(server: Server, mount: str) -> bool:
    try:
        await server.request("get", f"sys/mounts/{mount}")
    except Stalled as error:
        if error.diagnostics[0].code == "secrets/denied":
            raise
        return False
    return True
