"""Starts the process that forks providers, when the first one is asked for."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
from pathlib import Path

from controller.localcloud.forking.client import VARIABLE

_STOP_SECONDS = 10.0
_WAITING = 64


class ForkServer:
    """A name to ask at; whoever made it calls `start` when somebody does, and `stop` at the end.

    When it is killed, or its maker is, nobody answers there any more, and providers start as usual.
    """

    def __init__(self) -> None:
        """Listen; costs no process. Raises OSError where there are no such names."""
        self._name = f"trueup-fork-{secrets.token_hex(16)}"
        self._listener: socket.socket | None = socket.socket(socket.AF_UNIX)
        self._listener.bind(f"\0{self._name}")
        self._listener.listen(_WAITING)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process, once it was started."""
        return self._process.pid if self._process else None

    def environment(self) -> dict[str, str]:
        """Give what the engine's environment needs so that providers ask here."""
        return {VARIABLE: self._name}

    def fileno(self) -> int:
        """Give what is readable as soon as somebody asks."""
        return self._listener.fileno() if self._listener else -1

    def start(self) -> None:
        """Start the process; from now on it alone listens."""
        listener, self._listener = self._listener, None
        if listener is None:
            return
        code = str(Path(__file__).resolve().parents[3])
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        module, number = "controller.localcloud.forking.server", listener.fileno()
        with listener:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", module, str(number)],
                stdin=subprocess.PIPE,  # ended by our own end, however that comes
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**kept, "PYTHONPATH": code},
                pass_fds=(number,),
                start_new_session=True,
            )

    def stop(self) -> None:
        """End it; providers that it has forked end with those who asked for them."""
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.close()
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
