"""A process that the daemon watches: started by it, or found again after it was restarted."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from controller.localcloud.daemon import identity as identities
from controller.localcloud.daemon.identity import Identity
from controller.localcloud.errors import CloudError

_POLL_SECONDS = 0.2
_KILL_SECONDS = 10.0


class Child:
    """One watched process; `exited` is set as soon as it is gone, `code` tells how if known."""

    def __init__(
        self, identity: Identity, mark: str, popen: subprocess.Popen[bytes] | None
    ) -> None:
        self.identity = identity
        self.mark = mark
        self.code: int | None = None
        self.exited = asyncio.Event()
        self._popen = popen
        self._watch()

    @classmethod
    def start(
        cls,
        command: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        log: Path,
        mark: str,
    ) -> Child:
        """Start a process apart: own session, no input, output to the log and nowhere else.

        A process that inherited the provider's pipes would hold `terraform apply` for ever.
        Raises `CloudError` if there is no such program or folder.
        """
        if not folder.is_dir():
            raise CloudError(f"there is no folder `{folder}`", attribute=("directory",))
        try:
            with log.open("ab") as output:
                log.chmod(0o600)
                popen = subprocess.Popen(
                    list(command),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    cwd=folder,
                    env={**environment, identities.MARK_VARIABLE: mark},
                    start_new_session=True,
                )
        except (OSError, ValueError) as error:
            raise CloudError(
                f"`{command[0]}` cannot be started: {error}", attribute=("command",)
            ) from error
        identity = identities.find(popen.pid) or Identity(popen.pid, -1, "")
        return cls(identity, mark, popen)

    @classmethod
    def find(cls, identity: Identity, mark: str) -> Child | None:
        """Watch a process that an earlier daemon has started; `None` if it is gone."""
        return cls(identity, mark, None) if identities.is_alive(identity) else None

    @property
    def is_alive(self) -> bool:
        """Say whether the process runs."""
        return not self.exited.is_set()

    def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            descriptor = os.pidfd_open(self.identity.pid)
        except (AttributeError, OSError):
            self._poller = loop.create_task(self._poll())
            return
        if self._popen is None and not identities.is_alive(self.identity):
            os.close(descriptor)  # the number was given to another between the look and the open
            self.exited.set()
            return
        loop.add_reader(descriptor, self._on_exit, descriptor)

    async def _poll(self) -> None:
        while identities.is_alive(self.identity):  # noqa: ASYNC110  # no pidfd, no event
            await asyncio.sleep(_POLL_SECONDS)
        self._finish()

    def _on_exit(self, descriptor: int) -> None:
        asyncio.get_running_loop().remove_reader(descriptor)
        os.close(descriptor)
        self._finish()

    def _finish(self) -> None:
        if self._popen is not None:
            # Before it is reaped, its number cannot be given again: the group is surely its own.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.identity.pid, signal.SIGKILL)
            self.code = self._popen.wait()
        else:
            identities.kill_marked(self.mark)
        self.exited.set()

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process and all it has started."""
        if self.is_alive:
            identities.signal_group(self.identity, number)

    def send_alone(self, number: signal.Signals) -> None:
        """Send a signal to the process only; what it has started is its own business."""
        if identities.is_alive(self.identity):
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.identity.pid, number)

    async def stop(self, number: signal.Signals, grace: float) -> None:
        """End the process: ask with a signal, and after `grace` seconds do not ask."""
        self.send(number)
        if not await self.exits_within(grace):
            self.send(signal.SIGKILL)
            await self.exits_within(_KILL_SECONDS)

    async def exits_within(self, seconds: float) -> bool:
        """Wait for the end, but not longer than this; say whether it came."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.exited.wait(), seconds)
        return self.exited.is_set()

    def ending(self) -> str:
        """Say in words how the process ended."""
        if self.code is None:
            return "it ended"
        if self.code < 0:
            return f"it was ended by {signal.Signals(-self.code).name}"
        return f"it ended with code {self.code}"
