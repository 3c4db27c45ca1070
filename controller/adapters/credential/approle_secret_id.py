"""Secret ids of an AppRole. We choose them, so that giving the same one twice is no second one."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from controller.adapters.credential._server import Server
from controller.diagnostics.errors import DependencyNotReady, Stalled
from controller.diagnostics.secret import SecretText
from controller.model.material import Material


@dataclass(frozen=True, slots=True)
class AppRoleMaker:
    """Implements `ports.credential.Maker`."""

    server: Server
    mount: str
    role: str
    fresh: SecretText
    """A text that nobody knows, for a secret id that is to be made."""
    kind = "approleSecretId"
    proof = ""

    def fits(self, material: Material) -> bool:
        """Tell whether it is one of the role that the document names."""
        return material.facts.get("role") == self._role()

    def renew_at(self, material: Material) -> datetime | None:
        """The schedule tells: what the role says of lifetimes is not looked at."""
        del material
        return None

    def fields(self, material: Material, previous: Material | None) -> Mapping[str, SecretText]:
        """Give both halves of the login."""
        del previous
        return {"role_id": SecretText(material.login), "secret_id": material.text}

    async def prepare(self, generation: int, current: Material | None) -> Material:
        """Read the role's id and choose a secret id."""
        del generation, current
        found = await self.server.request("get", self._path("role-id", self._role()))
        role = await self.server.request("get", self._path("", self._role()))
        if found is None or role is None:
            raise DependencyNotReady.because(
                f"there is no role `{self.role}` at `{self.mount}` yet", code="secrets/no-role"
            )
        if role.get("secret_id_num_uses") == 1:
            raise Stalled.because(
                f"a secret id of `{self.role}` may be used once, and the proof would use it up",
                hint="allow two uses or more, or any number",
                code="secrets/used-up",
            )
        return Material(str(found["role_id"]), self.fresh, {"role": self._role()})

    async def apply(self, prepared: Material, current: Material | None) -> Material:
        """Make the role know the secret id."""
        del current
        body = {"secret_id": prepared.text.reveal()}
        if not await self.server.request(
            "post", self._path("secret-id/lookup", self._role()), body
        ):
            await self.server.request("post", self._path("custom-secret-id", self._role()), body)
        return replace(prepared)

    async def verify(self, material: Material) -> bool:
        """Log in with it."""
        mount = material.facts["role"].rpartition("/")[0]
        return await self.server.accepts(mount, SecretText(material.login), material.text)

    async def still_works(self, material: Material) -> bool:
        """Look it up, which uses up nothing."""
        body = {"secret_id": material.text.reveal()}
        return bool(
            await self.server.request(
                "post", self._path("secret-id/lookup", material.facts["role"]), body
            )
        )

    async def is_used(self, material: Material) -> bool:
        """Nobody can tell."""
        del material
        return True

    async def end(self, old: Material, current: Material) -> None:
        """Destroy the old secret id; tokens that were taken with it live on to their own end."""
        if old.text != current.text:
            body = {"secret_id": old.text.reveal()}
            await self.server.request(
                "post", self._path("secret-id/destroy", old.facts["role"]), body
            )

    async def is_dead(self, old: Material) -> bool:
        """Try to log in with the old one."""
        return not await self.verify(old)

    def _role(self) -> str:
        return f"{self.mount}/{self.role}"

    @staticmethod
    def _path(what: str, role: str) -> str:
        """Give the path of a role as it is recorded: the document may name another by now."""
        mount, _, name = role.rpartition("/")
        return f"auth/{mount}/role/{name}/{what}".rstrip("/")
