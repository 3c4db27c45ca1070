"""The lock of a state on an HTTP server: who holds it, and how it is given back.

Terraform's own `force-unlock` asks such a server to drop whatever lock there is. Here the holder's
own words go with the request, so that a server that compares them breaks no other lock.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from controller.diagnostics.errors import EngineFailed, EngineRefused
from controller.ports.engine import LockHolder
from controller.tls import trust_for

LOCKED = frozenset({httpx.codes.LOCKED, httpx.codes.CONFLICT})
SECONDS = 30.0
PROBE = "trueup-looks-who-holds-the-lock"


@dataclass(frozen=True)
class HttpLock:
    """The lock of one state, as the backend of its directory is configured."""

    configuration: Mapping[str, str]
    login: httpx.BasicAuth | None = field(repr=False)

    @classmethod
    def of(cls, directory: Path, environment: Mapping[str, str]) -> "HttpLock | None":
        """Give the lock of a directory; None when its state is not on an HTTP server."""
        try:
            text = (directory / ".terraform" / "terraform.tfstate").read_text(encoding="utf-8")
            backend = json.loads(text).get("backend") or {}
        except (OSError, ValueError):
            return None
        if backend.get("type") != "http":
            return None
        user = environment.get("TF_HTTP_USERNAME")
        login = httpx.BasicAuth(user, environment.get("TF_HTTP_PASSWORD", "")) if user else None
        return cls({k: v for k, v in backend["config"].items() if isinstance(v, str)}, login)

    async def holder(self) -> tuple[LockHolder, bytes] | None:
        """Ask for the lock, which tells who has it; what was got is given back at once."""
        probe = json.dumps({"ID": PROBE, "Operation": "look", "Who": "trueup", "Info": ""}).encode()
        answer = await self._ask("lock_method", "LOCK", "lock_address", probe)
        if answer.status_code in LOCKED:
            return _read(answer.content), answer.content
        if answer.is_success:
            await self._ask("unlock_method", "UNLOCK", "unlock_address", probe)
            return None
        raise EngineFailed.because(f"the state's server answers {answer.status_code} to a lock")

    async def unlock(self, lock: str) -> None:
        """Give back exactly the lock with this id. Raises EngineRefused for any other."""
        found = await self.holder()
        if found is None or found[0].id != lock:
            raise EngineRefused.because(f"there is no lock `{lock}`")
        answer = await self._ask("unlock_method", "UNLOCK", "unlock_address", found[1])
        if not answer.is_success:
            raise EngineFailed.because(f"the state's server answers {answer.status_code}")

    async def _ask(self, method: str, otherwise: str, address: str, body: bytes) -> httpx.Response:
        url = self.configuration.get(address, self.configuration["address"])
        try:
            async with httpx.AsyncClient(
                auth=self.login, timeout=SECONDS, trust_env=False, verify=trust_for(url)
            ) as http:
                return await http.request(
                    self.configuration.get(method, otherwise), url,
                    content=body, headers={"Content-Type": "application/json"},
                )  # fmt: skip
        except httpx.HTTPError as error:
            raise EngineFailed.because(
                f"the state's server does not answer: {type(error).__name__}"
            ) from error


def _read(content: bytes) -> LockHolder:
    try:
        told = json.loads(content)
    except ValueError:
        told = {}
    told = told if isinstance(told, dict) else {}
    return LockHolder(*(str(told.get(name, "")) for name in ("ID", "Who", "Operation", "Created")))
