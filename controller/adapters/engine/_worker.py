"""One warm worker process as its parent sees it; `embedded_worker.py` is the other side."""

import asyncio
import contextlib
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from controller.adapters.engine._lines import Lines
from controller.adapters.engine._process import identify
from controller.adapters.engine._runner import Finished, OnLine
from controller.diagnostics.errors import EngineFailed
from controller.ports.engine import EngineProcess, OnProcess

PROGRAM = Path(__file__).with_name("embedded_worker.py")
LINE_LIMIT = 1 << 20
TAIL = 2000
START_SECONDS = 60
END_SECONDS = 20


@dataclass
class Worker:
    """A process that runs one command at a time; never killed while it does."""

    process: Process
    identity: EngineProcess
    version: str
    log: Path
    providers: dict[str, str] = field(default_factory=dict)
    """What it has loaded: address → fingerprint; Terraform caches schemas by address alone."""
    runs: int = 0

    @classmethod
    async def start(cls, environment: Mapping[str, str], log: Path) -> Self:
        """Start one; it ends when we die. Call it from the thread that lives longest.

        Raises EngineFailed when it does not come up.
        """
        errors = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", str(PROGRAM), str(os.getpid())),
                stdin=PIPE,
                stdout=PIPE,
                stderr=errors,
                env=dict(environment),
                cwd=environment.get("HOME", "/"),
                start_new_session=True,
                limit=LINE_LIMIT,
            )
        finally:
            os.close(errors)
        worker = cls(process, identify(process.pid), "", log)
        try:
            async with asyncio.timeout(START_SECONDS):
                worker.version = str((await worker._receive())["ready"])
        except BaseException:
            worker._stdin.close()
            raise
        return worker

    @property
    def is_alive(self) -> bool:
        """Whether it can be asked for another run."""
        return self.process.returncode is None and not self._stdin.is_closing()

    async def run(
        self, argv: list[str], on_process: OnProcess | None, on_line: OnLine | None
    ) -> Finished:
        """Run one command to its end; see `Runner.run`."""
        if on_process is not None:
            await on_process(self.identity)
        self.runs += 1
        self._send({"run": self.runs, "argv": argv})
        texts = {"out": Lines(on_line), "err": Lines(None)}
        cancelled: asyncio.CancelledError | None = None
        code: int | None = None
        while code is None:
            try:
                message = await self._receive()
            except asyncio.CancelledError as asked:
                if cancelled is None:
                    self._send({"cancel": self.runs})
                cancelled = cancelled or asked
                continue
            code = self._take(message, texts)
        if cancelled is not None:
            raise cancelled
        texts["out"].end()
        return Finished(code, texts["out"].text, texts["err"].text)

    async def close(self) -> None:
        """Let an idle worker end, wait until it has, and remove its log."""
        self._stdin.close()
        try:
            async with asyncio.timeout(END_SECONDS):
                await self.process.wait()
        except TimeoutError:  # idle, so nothing is lost
            self.process.kill()
            await self.process.wait()
        self.log.unlink(missing_ok=True)

    @property
    def _stdin(self) -> asyncio.StreamWriter:
        assert self.process.stdin is not None  # noqa: S101 — made with PIPE
        return self.process.stdin

    def _send(self, message: dict[str, object]) -> None:
        if self.is_alive:
            self._stdin.write(json.dumps(message).encode() + b"\n")

    async def _receive(self) -> dict[str, object]:
        assert self.process.stdout is not None  # noqa: S101 — made with PIPE
        line = await self.process.stdout.readline()
        if not line.endswith(b"\n"):
            self._stdin.close()
            # A killed process closes its files first and is gone a moment later. Until then it
            # counts as alive, and what it was making would not be looked at.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(END_SECONDS):
                    await self.process.wait()
            raise EngineFailed.because(
                f"the embedded engine's process {self.process.pid} died{_tail(self.log)}",
                hint="look at the machine's memory, and plan again",
                code="engine/process-died",
            )
        message: dict[str, object] = json.loads(line)
        return message

    def _take(self, message: dict[str, object], texts: Mapping[str, Lines]) -> int | None:
        if message.get("run") != self.runs:
            return None
        for kind, lines in texts.items():
            piece = message.get(kind)
            if isinstance(piece, str):
                lines.take(piece)
        code = message.get("code")
        return code if isinstance(code, int) else None


def _tail(log: Path) -> str:
    text = log.read_text(encoding="utf-8", errors="replace")[-TAIL:].strip()
    return "".join(f"\n  | {line}" for line in text.splitlines())
