"""A process that is sent a signal, and reads its secret anew then.

That it was sent is what is known: whether the process did anything with it, nobody tells.
"""

import os
import signal
from dataclasses import dataclass
from pathlib import Path

from controller.diagnostics.errors import Stalled, Transient
from controller.model.names import SecretName

LONGEST = 32
"""Characters of a file with a process id."""


@dataclass(frozen=True, slots=True)
class SignalledProcess:
    """Implements `ports.consumer.Consumer`."""

    name: str
    pid_file: Path
    signal: str
    """`HUP`, `USR1` or `USR2`."""

    async def has(self, secret: SecretName, generation: int) -> bool:
        """Send the signal. One that is not there is waited for: it may be about to start."""
        del secret, generation
        try:
            with self.pid_file.open(encoding="ascii") as opened:
                pid = int(opened.read(LONGEST))
        except (OSError, ValueError) as error:
            raise Transient.because(f"`{self.pid_file}` names no process") from error
        if pid <= 1 or pid in {os.getpid(), os.getppid()}:
            raise Stalled.because(f"`{self.pid_file}` names a process that gets no signal of ours")
        try:
            os.kill(pid, signal.Signals[f"SIG{self.signal}"])
        except ProcessLookupError as error:
            raise Transient.because(f"there is no process {pid}") from error
        except PermissionError as error:
            raise Stalled.because(f"the process {pid} belongs to another user") from error
        return True
