"""The services of a stack, which are started anew and read the secret then.

Their supervisor is told which file was delivered, and notes with each process what it had been told
when it started that one. So a restart that was asked for, and of which the answer was lost, is
asked for again and not made twice; and no clock has to be right.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from controller.diagnostics.errors import DependencyNotReady, Transient
from controller.model.names import SecretName, UnitName


class Supervisor(Protocol):
    """What runs services, and restarts them."""

    def renew(self, unit: UnitName, told: Mapping[str, str]) -> Sequence[bool]:
        """Restart each service of a unit, unless all of it was started after it was told this.

        Tells of each whether it runs whole, and nothing that was started earlier is left of it.
        Raises Transient when one does not start; what ran before serves on then.
        """


@dataclass(frozen=True, slots=True)
class RestartedServices:
    """Implements `ports.consumer.Consumer`."""

    name: str
    unit: UnitName
    file: Path
    supervisor: Supervisor

    async def has(self, secret: SecretName, generation: int) -> bool:
        """Restart what was started before the delivery; True when nothing of that is left."""
        try:
            told = {str(secret): f"{generation} {_which(self.file)}"}
        except OSError as error:
            raise Transient.because(f"its file cannot be looked at: {error.strerror}") from error
        found = await asyncio.to_thread(self.supervisor.renew, self.unit, told)
        if not found:
            raise DependencyNotReady.because(f"`{self.unit}` has no services here")
        return all(found)


def _which(file: Path) -> str:
    """Tell one delivered file from another: by its number, and when the kernel saw it change."""
    found = file.lstat()
    return f"{found.st_ino} {found.st_ctime_ns}"
