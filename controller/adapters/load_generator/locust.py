"""Locust as the load generator: one process a run, told and heard by files in the run's folder.

The process has an environment of its own, built from nothing: PATH, HOME and TMPDIR in that folder,
TRUEUP_LOAD_RATE_PER_USER (tasks a second of each user), TRUEUP_LOAD_REMOTE_TARGET where it is
allowed, and what the order says. `locust_runner.py` is what runs in it, `run_folder.py` is where.
"""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import controller
from controller.adapters.load_generator.detached import Detached
from controller.adapters.load_generator.measured import measurement
from controller.adapters.load_generator.meeting import Meeting
from controller.adapters.load_generator.messages import NO_RUN, TURNED_AWAY, WORKER
from controller.adapters.load_generator.run_folder import COMPLAINTS, RunFolder
from controller.diagnostics.errors import Stalled, Transient
from controller.model.address import is_loopback
from controller.model.measurement import Measurement
from controller.ports.load_generator import LoadOrder, LoadProgress, OnLoadProgress

RUNNER = "controller.adapters.load_generator.locust_runner"
LOOK_EVERY = 0.1
COME_AGAIN = 1.0
"""Seconds until a worker that made no run comes again."""


class LocustLoadGenerator:
    """Runs Locust files against targets on this machine, and elsewhere only where it is allowed."""

    def __init__(
        self,
        *,
        remote_targets: bool = False,
        grace: float = 30.0,
        end_grace: float = 3.0,
        folder: Path | None = None,
        meeting: Meeting | None = None,
    ) -> None:
        """Take how long a run may be late, how long a process may take to end, and where to run.

        Without a folder a run with a key does not outlive this process. Without a meeting no
        workers from elsewhere can be waited for; those that are started here need none.
        """
        self._remote_targets = remote_targets
        self._grace = grace
        self._end_grace = end_grace
        self._folder = folder
        self._meeting = meeting

    async def run(
        self, order: LoadOrder, *, on_progress: OnLoadProgress | None = None
    ) -> Measurement:
        """Make the run; see the port for what it raises."""
        check(order, remote_targets=self._remote_targets)
        if order.key and self._folder is not None:
            return await self._take_up(order, self._run_folder(order.key), on_progress)
        with tempfile.TemporaryDirectory(prefix="trueup-load-") as made:
            folder = RunFolder(Path(made))
            self._write(folder, order, parent=os.getpid())
            process = await self._start(order, folder)
            try:
                result = await self._follow(order, folder, process, on_progress)
                await self._wait(process)
            finally:
                await self._end(process)
        return measurement(order, result)

    async def cancel(self, key: str) -> bool:
        """End the run of a key; tells whether there was one."""
        if self._folder is None or not key:
            return False
        folder = self._run_folder(key)
        pid = folder.holder()
        if pid is None:
            return False
        folder.note_cancelled()
        await self._end_group(pid, folder)
        return True

    async def forget(self, key: str) -> None:
        """Drop the folder of a run that is over."""
        if self._folder is not None and key:
            self._run_folder(key).remove()

    def _meeting_of(self, order: LoadOrder) -> Meeting | None:
        """Give where the workers of an order meet; None where there are none. Raises Stalled."""
        if not order.are_elsewhere:
            return Meeting() if order.workers > 1 else None
        if self._meeting is None:
            raise Stalled.because(
                f"the load test `{order.load_test}` waits for workers, and they have no address",
                hint="set `load_workers.token_file` in the controller's settings",
                code="gate/order-wrong",
            )
        return self._meeting

    def _write(self, folder: RunFolder, order: LoadOrder, *, parent: int) -> None:
        environment = self._environment(order, folder.path)
        folder.write(order, environment, parent=parent, meeting=self._meeting_of(order))

    def _longest(self, order: LoadOrder) -> float:
        meeting = self._meeting_of(order)
        waits = 2 * meeting.patience + meeting.lost_after if meeting else 0.0
        return order.warm_up + order.steady + self._grace + waits

    def _run_folder(self, key: str) -> RunFolder:
        assert self._folder is not None  # noqa: S101 - asked by who knows that there is one
        return RunFolder.of(self._folder, key)

    async def _take_up(
        self, order: LoadOrder, folder: RunFolder, on_progress: OnLoadProgress | None
    ) -> Measurement:
        """Take the result of a run, wait for one that is under way, or start it."""
        process = None
        if folder.result() is None and folder.holder() is None:
            folder.remove()  # of a run that broke off: it has no result, and makes no load
            self._write(folder, order, parent=0)
            environment = self._environment(order, folder.path)
            process = Detached(_command(folder), environment, folder.path / COMPLAINTS)
        try:
            result = await self._follow(order, folder, process, on_progress)
        except (Stalled, Transient):
            if (pid := folder.holder()) is not None:
                await self._end_group(pid, folder)
            folder.remove()
            raise
        if process is not None:
            await self._wait(process)
        return measurement(order, result)

    async def _start(self, order: LoadOrder, folder: RunFolder) -> asyncio.subprocess.Process:
        with folder.complaints() as complaints:
            return await asyncio.create_subprocess_exec(
                *_command(folder),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=complaints,
                stderr=complaints,
                env=self._environment(order, folder.path),
                start_new_session=True,
            )

    async def _wait(self, process: asyncio.subprocess.Process | Detached) -> None:
        """Give a process that has said its last word a while to end."""
        for _ in range(int(self._end_grace / LOOK_EVERY) + 1):
            if process.returncode is not None:
                return
            await asyncio.sleep(LOOK_EVERY)

    async def _follow(
        self,
        order: LoadOrder,
        folder: RunFolder,
        process: asyncio.subprocess.Process | Detached | None,
        on_progress: OnLoadProgress | None,
    ) -> dict[str, Any]:
        """Hear the run to its end; raises Stalled and Transient."""
        try:
            async with asyncio.timeout(self._longest(order)):
                while (last := folder.result()) is None:
                    self._tell(folder, on_progress)
                    is_over = process.returncode is not None if process else not folder.holder()
                    if is_over and folder.holder() is None:
                        last = folder.result()
                        break
                    await asyncio.sleep(LOOK_EVERY)
                self._tell(folder, on_progress)
        except TimeoutError:
            raise Transient.because(
                f"the load generator of `{order.load_test}` was not done"
                f" {self._grace:g} seconds after its time",
                code="gate/generator-too-late",
            ) from None
        return _last_word(order, folder, last, process)

    @staticmethod
    def _tell(folder: RunFolder, on_progress: OnLoadProgress | None) -> None:
        for line in folder.news():
            if on_progress is not None:
                on_progress(
                    LoadProgress(
                        line["seconds"], line["rate"], line["p50"], line["p95"], line["p99"],
                        line["failures"],
                    )
                )  # fmt: skip

    def _environment(self, order: LoadOrder, folder: Path) -> dict[str, str]:
        return {
            **order.environment,
            "PATH": "/usr/bin:/bin",
            "HOME": str(folder),
            "TMPDIR": str(folder),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(Path(controller.__file__).parent.parent),
            "TRUEUP_LOAD_RATE_PER_USER": repr(order.rate / order.users),
            "TRUEUP_LOAD_REMOTE_TARGET": "yes" if self._remote_targets else "no",
        }

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        """End the process and what it started: asked first, then made to."""
        if process.returncode is not None:
            return
        _signal_group(process.pid, signal.SIGTERM)
        try:
            async with asyncio.timeout(self._end_grace):
                await process.wait()
        except (TimeoutError, asyncio.CancelledError) as stopped:
            _signal_group(process.pid, signal.SIGKILL)
            await process.wait()
            if isinstance(stopped, asyncio.CancelledError):
                raise

    async def _end_group(self, pid: int, folder: RunFolder) -> None:
        """End a run that another life may have started; it holds the lock of its folder."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            _signal_group(folder.holder() or pid, number)
            for _ in range(int(self._end_grace / LOOK_EVERY) + 1):
                if folder.holder() is None:
                    return
                await asyncio.sleep(LOOK_EVERY)


def work_elsewhere(host: str, port: int, token_file: Path, *, once: bool) -> int:
    """Be a worker for a controller somewhere else, for one run or each; gives how it ended.

    Each run has a process of its own: nothing that a script does is there for the next one.
    """
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": tempfile.gettempdir(),
        "LANG": "C.UTF-8",
        "TMPDIR": tempfile.gettempdir(),
        "PYTHONPATH": str(Path(controller.__file__).parent.parent),
    }
    argv = (sys.executable, "-P", "-m", WORKER, host, str(port), str(token_file.resolve()))
    below = (str(os.getpid()), "elsewhere")
    while True:
        code = subprocess.run((*argv, *below), env=environment, check=False).returncode
        if code == TURNED_AWAY or (once and code != NO_RUN):
            return code
        if code:
            time.sleep(COME_AGAIN)


def check(order: LoadOrder, *, remote_targets: bool) -> None:
    """Refuse an order that cannot be run; raises Stalled."""
    if order.users < 1 or order.rate <= 0 or order.steady <= 0 or order.warm_up < 0:
        raise Stalled.because(
            f"the load test `{order.load_test}` wants {order.users} users,"
            f" {order.rate:g} requests a second, {order.steady:g} s after {order.warm_up:g} s",
            hint="users, rate and steady are more than nothing",
            code="gate/order-wrong",
        )
    if not 1 <= order.workers <= order.users:
        raise Stalled.because(
            f"the load test `{order.load_test}` wants {order.workers} workers for {order.users}"
            " users",
            hint="take as many users as workers at least",
            code="gate/order-wrong",
        )
    if not remote_targets and not is_this_machine(order.target):
        raise Stalled.because(
            f"the target `{order.target}` of `{order.load_test}` is not this machine",
            hint="set `remote_load_targets: true` in the controller's settings to allow it",
            code="gate/target-not-allowed",
        )
    wrong = [
        name for name, value in order.environment.items() if "=" in name or "\0" in name + value
    ]
    if wrong or "" in order.environment:
        raise Stalled.because(
            f"the environment of `{order.load_test}` has names or values that no process can have",
            code="gate/order-wrong",
        )


def is_this_machine(address: str) -> bool:
    """Tell whether the host of an http URL is this machine, without asking a name server."""
    try:
        parts = urlsplit(address)
        return is_loopback(parts.hostname or "") and parts.scheme in {"http", "https"}
    except ValueError:
        return False


def _last_word(
    order: LoadOrder,
    folder: RunFolder,
    last: dict[str, Any] | None,
    process: asyncio.subprocess.Process | Detached | None,
) -> dict[str, Any]:
    if folder.is_cancelled():
        raise Stalled.because(
            f"the load test `{order.load_test}` was cancelled", code="gate/cancelled",
            hint="ask for it again with `trueup gate run`",
        )  # fmt: skip
    if last is not None and last["kind"] == "result":
        return last
    if last is not None:
        raise Stalled.because(
            f"the load test `{order.load_test}` cannot be run: {last['reason']}",
            code="gate/script-refused",
        )
    code = f" with {process.returncode}" if process else ""
    raise Transient.because(
        f"the load generator of `{order.load_test}` broke off{code}:"
        f" {folder.last_complaint() or 'it said nothing'}",
        code="gate/generator-broke-off",
    )


def _command(folder: RunFolder) -> tuple[str, ...]:
    return (sys.executable, "-P", "-m", RUNNER, str(folder.path))


def _signal_group(pid: int, number: signal.Signals) -> None:
    if pid <= 1:  # it has not said yet who it is; 0 would be ourselves
        return
    with suppress(ProcessLookupError):
        os.killpg(pid, number)
