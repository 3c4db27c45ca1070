"""Who a process is: its number alone is not enough, numbers are given again.

A number, the kernel's start time of the process and the boot of the machine are a name that no
other process will ever have.
"""

from __future__ import annotations

import contextlib
import functools
import os
import signal
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

MARK_VARIABLE = "TRUEUP_LOCALCLOUD_MARK"

_PROCESSES = Path("/proc")
# In /proc/PID/stat, counted from after the name in brackets: the state, and the start time.
_STATE = 0
_START_TIME = 19
_GONE_STATES = {"Z", "X"}


@dataclass(frozen=True)
class Identity:
    """One process, for ever."""

    pid: int
    started: int
    boot: str

    def as_json(self) -> dict[str, Any]:
        """Give the identity as it is written down."""
        return asdict(self)


@functools.cache
def boot_id() -> str:
    """Give the name of this boot of the machine; empty where the kernel gives none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _start_time(pid: int) -> int | None:
    """Give when a process was started; `None` if it is gone or only waits to be reaped."""
    try:
        text = (_PROCESSES / str(pid) / "stat").read_text()
    except OSError:
        return None if _PROCESSES.joinpath("self").exists() else _exists(pid)
    fields = text.rpartition(")")[2].split()
    return None if fields[_STATE] in _GONE_STATES else int(fields[_START_TIME])


def _exists(pid: int) -> int | None:
    """Say whether a process exists where there is no /proc: less sure, but all there is."""
    try:
        os.kill(pid, 0)
    except OSError:
        return None
    return 0


def find(pid: int) -> Identity | None:
    """Give the identity of a running process; `None` if there is none with this number."""
    started = _start_time(pid)
    return None if started is None else Identity(pid, started, boot_id())


def is_alive(identity: Identity) -> bool:
    """Say whether exactly this process still runs."""
    return find(identity.pid) == identity


def signal_group(identity: Identity, number: signal.Signals) -> None:
    """Send a signal to the process and all it has started, unless it is gone already."""
    if is_alive(identity):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(identity.pid, number)


def marked(prefix: str) -> Iterator[tuple[int, str]]:
    """Give every process started with a mark that begins with `prefix`, and its mark."""
    wanted = f"{MARK_VARIABLE}={prefix}".encode()
    for entry in _PROCESSES.iterdir() if _PROCESSES.is_dir() else ():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            for variable in (entry / "environ").read_bytes().split(b"\0"):
                if variable.startswith(wanted):
                    yield int(entry.name), variable.partition(b"=")[2].decode(errors="replace")


def kill_marked(prefix: str) -> list[int]:
    """Kill every process whose mark begins with `prefix`: what its parent left behind."""
    killed = []
    for pid, _mark in marked(prefix):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)
    return killed
