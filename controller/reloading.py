"""Settings that are read anew while the controller runs: all that can count at once, or nothing."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from pydantic import BaseModel

from controller.diagnostics.diagnostic import Diagnostic, Severity
from controller.diagnostics.errors import TrueupError
from controller.model.names import Commit
from controller.settings import Settings
from controller.web.authority import Authority, local_token
from controller.wiring.controller import Controller
from controller.workflows.reach import HEAD

AT_ONCE = (
    "users", "retention.", "limits.units", "limits.drift", "limits.secrets", "limits.stages",
)  # fmt: skip
"""Settings, or groups of them, that count as soon as they are read."""
SUBJECT = "settings:file"
SCOPE = "settings"


def token_file(settings: Settings) -> Path:
    """Tell where the local administrator's token lies."""
    return settings.data.absolute() / "token"


class Reloading:
    """Reads settings anew when it is called."""

    def __init__(
        self,
        running: Controller,
        authority: Authority,
        settings: Settings,
        reread: Callable[[], Settings],
    ) -> None:
        self._running, self._authority, self._reread = running, authority, reread
        self._started = self._last = settings

    async def __call__(self, by: str) -> str:
        """Let what can count at once do so, and tell what waits for the next start.

        Settings that cannot be read change nothing: that is told, and raised.
        """
        try:
            fresh = await asyncio.to_thread(self._reread)
            token = local_token(token_file(self._started))
        except TrueupError as error:
            await self._tell(
                by, "SettingsRefused", f"they stay as they were: {error}", warning=True
            )
            await self._find(error.diagnostics)
            raise
        changed = [name for name in differences(self._last, fresh) if name.startswith(AT_ONCE)]
        later = [n for n in differences(self._started, fresh) if not n.startswith(AT_ONCE)]
        self._authority.follow(fresh.users, local_token=token)
        self._running.tune(fresh)
        self._last = fresh
        said = f"count now: {_named(changed)}; from the next start on: {_named(later)}"
        await self._find([_needs_start(name) for name in later])
        await self._tell(by, "SettingsReloaded", said)
        return said

    async def _tell(self, by: str, reason: str, said: str, *, warning: bool = False) -> None:
        recording = self._running.loop.parts.recording
        await recording.event(SUBJECT, reason, f"{by}: {said}", warning=warning)

    async def _find(self, found: Sequence[Diagnostic]) -> None:
        ledger = self._running.loop.parts.world.ledger
        await ledger.put_findings(SCOPE, Commit(await ledger.fact(HEAD) or ""), found)


def differences(old: BaseModel, new: BaseModel, within: str = "") -> Iterator[str]:
    """Name the settings that differ, as `limits.units`; never what they say."""
    for name in type(old).model_fields:
        before, after = getattr(old, name), getattr(new, name)
        if isinstance(before, BaseModel):
            yield from differences(before, after, f"{within}{name}.")
        elif before != after:
            yield f"{within}{name}"


def _needs_start(name: str) -> Diagnostic:
    return Diagnostic(
        code="settings/needs-start",
        message=f"the setting `{name}` was changed, and does not count yet",
        hint="start the controller again",
        severity=Severity.WARNING,
    )


def _named(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "nothing"
