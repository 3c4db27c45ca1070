"""Keys of the transit engine: a new version, and later the end of those before it.

To encrypt again what was encrypted before is the consumers' work, and their `consumers` entry tells
when it is done. Old versions stay in the server's archive: a person can lower the limit again.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from controller.adapters.credential._server import Server
from controller.diagnostics.errors import Stalled
from controller.diagnostics.secret import SecretText
from controller.model.material import Material

PROBE = base64.b64encode(b"trueup").decode()


@dataclass(frozen=True, slots=True)
class TransitKeyMaker:
    """Implements `ports.credential.Maker`."""

    server: Server
    mount: str
    key: str
    kind = "transitKey"
    proof = ""

    def fits(self, material: Material) -> bool:
        """Tell whether it is a version of the key that the document names."""
        return material.login == f"{self.mount}/{self.key}"

    def renew_at(self, material: Material) -> datetime | None:
        """A version has no end of its own."""
        del material
        return None

    def fields(self, material: Material, previous: Material | None) -> Mapping[str, SecretText]:
        """Give where the key is, and its version; the key itself never leaves the server."""
        fields = {
            "key": SecretText(self.key),
            "mount": SecretText(self.mount),
            "version": material.text,
        }
        return fields if previous is None else {**fields, "previous": previous.text}

    async def prepare(self, generation: int, current: Material | None) -> Material:
        """Choose the version after the newest."""
        del generation
        if current is not None and not self.fits(current):
            raise Stalled.because(
                f"the secret holds a version of `{current.login}`, and no other key can replace it",
                hint="give the secret of another key another name",
                code="secrets/occupied",
            )
        return Material(f"{self.mount}/{self.key}", SecretText(str(await self._newest() + 1)))

    async def apply(self, prepared: Material, current: Material | None) -> Material:
        """Bring the key to that version, unless it has it."""
        del current
        newest, wanted = await self._newest(), _version(prepared)
        if newest == 0:
            await self.server.request("post", self._path("keys"), {})
        elif newest < wanted:
            await self.server.request("post", f"{self._path('keys')}/rotate", {})
        return replace(prepared)

    async def verify(self, material: Material) -> bool:
        """Encrypt and decrypt something, with this version."""
        body = {"plaintext": PROBE, "key_version": _version(material)}
        made = await self.server.request("post", self._path("encrypt"), body)
        if made is None:
            return False
        body = {"ciphertext": made["ciphertext"]}
        found = await self.server.request("post", self._path("decrypt"), body)
        return found is not None and found["plaintext"] == PROBE

    async def still_works(self, material: Material) -> bool:
        """Look whether the key has this version, and allows it."""
        found = await self._described()
        lowest = int(found.get("min_decryption_version", 0))
        return lowest <= _version(material) <= int(found.get("latest_version", 0))

    async def is_used(self, material: Material) -> bool:
        """Nobody can tell."""
        del material
        return True

    async def end(self, old: Material, current: Material) -> None:
        """Refuse to decrypt what earlier versions encrypted."""
        del old
        if int((await self._described()).get("min_decryption_version", 0)) < _version(current):
            body = {"min_decryption_version": _version(current)}
            await self.server.request("post", f"{self._path('keys')}/config", body)

    async def is_dead(self, old: Material) -> bool:
        """Read the limit."""
        return int((await self._described()).get("min_decryption_version", 0)) > _version(old)

    async def _newest(self) -> int:
        return int((await self._described()).get("latest_version", 0))

    async def _described(self) -> Mapping[str, Any]:
        return await self.server.request("get", self._path("keys")) or {}

    def _path(self, what: str) -> str:
        return f"{self.mount}/{what}/{self.key}"


def _version(material: Material) -> int:
    return int(material.text.reveal())
