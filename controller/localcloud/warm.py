"""Keeps one provider process ready, so that an engine need not start its own for each command.

A plan then takes a tenth of the time. One warm provider serves one root only: it holds one
configuration, and refuses another.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from controller.localcloud.errors import CloudUnreachableError

REATTACH_VARIABLE: Final = "TF_REATTACH_PROVIDERS"

_START_SECONDS = 30.0
_STOP_SECONDS = 40.0


class WarmProvider:
    """A provider process of ours, for as long as the `with` block lasts."""

    def __init__(self, root: Path | str) -> None:
        self._root = str(root)
        self._process: subprocess.Popen[str] | None = None
        self._attachment = ""

    def __enter__(self) -> Self:
        """Start it; raises `CloudUnreachableError` if it does not come up."""
        code = str(Path(__file__).resolve().parents[2])
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        module = "controller.localcloud.provider"
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", module, "--warm", self._root],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            env={**kept, "PYTHONPATH": code},
            start_new_session=True,
            text=True,
        )
        output = self._process.stdout
        if output is not None and select.select([output], [], [], _START_SECONDS)[0]:
            self._attachment = output.readline().strip()
        if not self._attachment:
            self.stop()
            raise CloudUnreachableError("the warm provider did not start")
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Stop it; what it is doing for an engine is finished first."""
        self.stop()

    def stop(self) -> None:
        """Stop it; what it is doing for an engine is finished first."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()

    def is_alive(self) -> bool:
        """Say whether it still serves."""
        return self._process is not None and self._process.poll() is None

    def environment(self) -> dict[str, str]:
        """Give what an engine's environment needs to use it."""
        return {REATTACH_VARIABLE: self._attachment}
