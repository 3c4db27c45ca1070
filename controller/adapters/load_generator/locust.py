"""Locust as the load generator: one process a run, told by a line on stdin, heard by JSON lines.

The process has an environment of its own, built from nothing: PATH, HOME and TMPDIR in a private
folder, TRUEUP_LOAD_RATE_PER_USER (tasks a second of each user), TRUEUP_LOAD_REMOTE_TARGET where it
is allowed, and what the order says. `locust_runner.py` is what runs in it.
"""

import asyncio
import json
import os
import platform
import signal
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import controller
from controller.diagnostics.errors import Stalled, Transient
from controller.model.measurement import EndpointStatistics, Measurement
from controller.ports.load_generator import LoadOrder, OnLoadProgress

RUNNER = "controller.adapters.load_generator.locust_runner"
LONGEST_LINE = 16 * 1024 * 1024
ERROR_TAIL = 4_000
LARGEST_CLOCK_JUMP = 0.5
"""Seconds between the wall clock and the monotonic one over the steady part; beyond it nobody knows
when the run was, nor what else was measured then."""


class LocustLoadGenerator:
    """Runs Locust files against targets on this machine, and elsewhere only where it is allowed."""

    def __init__(
        self, *, remote_targets: bool = False, grace: float = 30.0, end_grace: float = 3.0
    ) -> None:
        """Take how long a run may be late, and how long a process may take to end."""
        self._remote_targets = remote_targets
        self._grace = grace
        self._end_grace = end_grace

    async def run(
        self, order: LoadOrder, *, on_progress: OnLoadProgress | None = None
    ) -> Measurement:
        """Make the run; see the port for what it raises."""
        check(order, remote_targets=self._remote_targets)
        with tempfile.TemporaryDirectory(prefix="trueup-load-") as folder:
            script = Path(folder) / "load_test.py"
            script.write_bytes(order.script)
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", RUNNER),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=self._environment(order, folder),
                cwd=folder,
                start_new_session=True,
                limit=LONGEST_LINE,
            )
            try:
                async with asyncio.timeout(order.warm_up + order.steady + self._grace):
                    result = await _converse(process, order, script, on_progress)
            except TimeoutError:
                raise Transient.because(
                    f"the load generator of `{order.load_test}` was not done"
                    f" {self._grace:g} seconds after its time",
                    code="gate/generator-too-late",
                ) from None
            finally:
                await self._end(process)
        return _measurement(order, result)

    def _environment(self, order: LoadOrder, folder: str) -> dict[str, str]:
        return {
            **order.environment,
            "PATH": "/usr/bin:/bin",
            "HOME": folder,
            "TMPDIR": folder,
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


def check(order: LoadOrder, *, remote_targets: bool) -> None:
    """Refuse an order that cannot be run; raises Stalled."""
    if order.users < 1 or order.rate <= 0 or order.steady <= 0 or order.warm_up < 0:
        raise Stalled.because(
            f"the load test `{order.load_test}` wants {order.users} users,"
            f" {order.rate:g} requests a second, {order.steady:g} s after {order.warm_up:g} s",
            hint="users, rate and steady are more than nothing",
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
        host = parts.hostname or ""
        is_loopback = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
    return is_loopback and parts.scheme in {"http", "https"}


async def _converse(
    process: asyncio.subprocess.Process,
    order: LoadOrder,
    script: Path,
    on_progress: OnLoadProgress | None,
) -> dict[str, Any]:
    """Tell the process what to do and hear it to its end; raises Stalled and Transient."""
    try:
        async with asyncio.TaskGroup() as group:
            tail = group.create_task(_tail(process))
            last = group.create_task(_hear(process, order, on_progress))
            await _tell(process, order, script)
    except BaseExceptionGroup as several:  # the first is the cause; the others were cancelled
        raise several.exceptions[0] from None
    await process.wait()
    line = last.result()
    if line.get("kind") == "result":
        return line
    if line.get("kind") == "refused":
        raise Stalled.because(
            f"the load test `{order.load_test}` cannot be run: {line['reason']}",
            code="gate/script-refused",
        )
    raise Transient.because(
        f"the load generator of `{order.load_test}` broke off with {process.returncode}:"
        f" {tail.result().strip() or 'it said nothing'}",
        code="gate/generator-broke-off",
    )


async def _tell(process: asyncio.subprocess.Process, order: LoadOrder, script: Path) -> None:
    assert process.stdin is not None  # noqa: S101 - it is a pipe, as asked for
    told = {
        "parent": os.getpid(),
        "script": str(script),
        "target": order.target.rstrip("/"),
        "users": order.users,
        "rate": order.rate,
        "warm_up": order.warm_up,
        "steady": order.steady,
    }
    with suppress(ConnectionError):  # it is gone already: `_converse` says so
        process.stdin.write(json.dumps(told).encode() + b"\n")
        await process.stdin.drain()
        process.stdin.close()


async def _hear(
    process: asyncio.subprocess.Process, order: LoadOrder, on_progress: OnLoadProgress | None
) -> dict[str, Any]:
    """Pass progress on and give the last word; nothing when there was none."""
    assert process.stdout is not None  # noqa: S101 - it is a pipe, as asked for
    last: dict[str, Any] = {}
    async for raw in process.stdout:
        try:
            line: dict[str, Any] = json.loads(raw)
        except ValueError:
            raise Transient.because(
                f"the load generator of `{order.load_test}` wrote a line that is not JSON",
                code="gate/generator-broke-off",
            ) from None
        if line["kind"] != "progress":
            last = line
        elif on_progress is not None:
            on_progress(line["seconds"], line["rate"], line["p95"], line["failures"])
    return last


async def _tail(process: asyncio.subprocess.Process) -> str:
    """Read all that the process complains of, and keep the end."""
    assert process.stderr is not None  # noqa: S101 - it is a pipe, as asked for
    kept = b""
    while piece := await process.stderr.read(65_536):
        kept = (kept + piece)[-ERROR_TAIL:]
    return kept.decode("utf-8", "replace")


def _signal_group(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, number)


def _measurement(order: LoadOrder, result: Mapping[str, Any]) -> Measurement:
    total = _statistics(result["total"])
    return Measurement(
        load_test=order.load_test,
        target=order.target,
        started_at=result["started_at"],
        seconds=result["seconds"],
        offered_rate=order.rate,
        achieved_rate=total.requests / result["seconds"],
        generator_cpu=result["cpu"],
        total=total,
        endpoints={name: _statistics(found) for name, found in result["endpoints"].items()},
        series=tuple((second[0], second[1], second[2], second[3]) for second in result["series"]),
        errors=tuple((text, count) for text, count in result["errors"]),
        generator={
            "locust": result["locust"],
            "machine": platform.platform(),
            "system": f"{platform.system()} {platform.machine()}",
            "processor": processor(),
            "cores": str(os.cpu_count() or 1),
            "users": str(order.users),
            "longestLag": f"{result['lag_max']:.1f} ms",
        },
        generator_lag=result["lag_p95"],
        invalid=_why_invalid(result),
    )


def _why_invalid(result: Mapping[str, Any]) -> str:
    if abs(result["clock_jump"]) > LARGEST_CLOCK_JUMP:
        return f"the clock of the generator jumped by {result['clock_jump']:+.1f} s"
    return ""


def processor() -> str:
    """Give the name of the processor; empty where the system does not tell."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    found = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(found, platform.processor())


def _statistics(found: Mapping[str, Any]) -> EndpointStatistics:
    return EndpointStatistics(
        requests=found["requests"],
        failures=found["failures"],
        raw=found["raw"],
        corrected=found["corrected"],
        histogram=found["histogram"],
        omitted=found["omitted"],
    )
