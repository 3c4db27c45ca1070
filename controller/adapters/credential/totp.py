"""Seeds of one-time passwords, in the TOTP engine: one key there for each generation.

The engine overwrites without a word, never shows a seed again and keeps no versions. So the seed is
ours, and a generation never takes the key of another.
"""

import base64
import hashlib
import hmac
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import quote, urlencode

from controller.adapters.credential._server import Server
from controller.diagnostics.errors import Stalled
from controller.diagnostics.secret import SecretText
from controller.model.material import Material

DIGITS = 6
PERIOD = 30
SEED_BYTES = 20


@dataclass(frozen=True, slots=True)
class TotpMaker:
    """Implements `ports.credential.Maker`."""

    server: Server
    mount: str
    key: str
    account: str
    issued_by: str
    fresh: SecretText
    """A text that nobody knows, for a seed that is to be made."""
    now: Callable[[], datetime]
    kind = "totp"
    proof = ""

    def fits(self, material: Material) -> bool:
        """Tell whether it is one of the account that the document names."""
        return material.facts.get("account") == self._account()

    def renew_at(self, material: Material) -> datetime | None:
        """A seed has no end of its own."""
        del material
        return None

    def fields(self, material: Material, previous: Material | None) -> Mapping[str, SecretText]:
        """Give the seed, its address for apps, and the key of the engine that checks its codes."""
        fields = {
            "seed": material.text,
            "url": SecretText(self._url(material.text)),
            "key": SecretText(material.login),
        }
        return fields if previous is None else {**fields, "previous": previous.text}

    async def prepare(self, generation: int, current: Material | None) -> Material:
        """Choose the seed, and a key of this generation."""
        del current
        # 160 bits out of a random text that has more.
        digest = hashlib.sha256(self.fresh.reveal().encode()).digest()[:SEED_BYTES]
        seed = base64.b32encode(digest).decode()
        facts = {"account": self._account(), "mount": self.mount}
        return Material(f"{self.key}-g{generation}", SecretText(seed), facts)

    async def apply(self, prepared: Material, current: Material | None) -> Material:
        """Give the seed to the engine; the same again changes nothing."""
        del current
        body = {
            "generate": False, "key": prepared.text.reveal(), "issuer": self.issued_by,
            "account_name": self.account, "digits": DIGITS, "period": PERIOD,
        }  # fmt: skip
        await self.server.request("post", self._path("keys", prepared), body)
        return replace(prepared)

    async def verify(self, material: Material) -> bool:
        """Confirm the seed with a code, as a person does who sets up an app."""
        body = {"code": self._code(material.text)}
        try:
            found = await self.server.request("post", self._path("code", material), body)
        except Stalled as error:
            if "already used" in str(error):  # by us, before a kill: it was right then
                return True
            raise
        return found is not None and bool(found["valid"])

    async def still_works(self, material: Material) -> bool:
        """Compare a code of the engine's with ours, which uses up none."""
        before = self._code(material.text)
        if await self.server.request("get", self._path("keys", material)) is None:
            return False
        found = await self.server.request("get", self._path("code", material))
        return found is not None and found["code"] in {before, self._code(material.text)}

    async def is_used(self, material: Material) -> bool:
        """Nobody can tell."""
        del material
        return True

    async def end(self, old: Material, current: Material) -> None:
        """Take the old key out of the engine."""
        if old.login != current.login:
            await self.server.request("delete", self._path("keys", old))

    async def is_dead(self, old: Material) -> bool:
        """Look for the old key."""
        return await self.server.request("get", self._path("keys", old)) is None

    def _path(self, what: str, material: Material) -> str:
        return f"{material.facts['mount']}/{what}/{material.login}"

    def _account(self) -> str:
        return f"{self.mount}/{self.key} {self.issued_by}:{self.account}"

    def _url(self, seed: SecretText) -> str:
        label = quote(f"{self.issued_by}:{self.account}")
        words = {"secret": seed.reveal(), "issuer": self.issued_by}
        words |= {"digits": str(DIGITS), "period": str(PERIOD)}
        return f"otpauth://totp/{label}?{urlencode(words)}"

    def _code(self, seed: SecretText) -> str:
        return one_time_code(seed, int(self.now().timestamp()))


def one_time_code(seed: SecretText, seconds: int) -> str:
    """Give the code of an instant: RFC 6238, SHA-1, six digits, thirty seconds."""
    key = base64.b32decode(seed.reveal())
    mac = hmac.new(key, struct.pack(">Q", seconds // PERIOD), hashlib.sha1).digest()
    start = mac[-1] & 0x0F
    number = int.from_bytes(mac[start : start + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"
