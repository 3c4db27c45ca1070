"""What a load generator runs on, and how busy it was: other machines are not compared."""

import os
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
MICROSECONDS = 1_000_000
_STOLEN = 8
"""The place of the time that the host gave to others, in the first line of `stat`."""


@dataclass(frozen=True, slots=True)
class MachineTimes:
    """Seconds since the machine was started; None where its system does not count them."""

    waited: float | None
    """In which something was ready to run, and had no processor."""
    stolen: float | None
    """Of one processor, in which the host of a virtual machine ran something else."""


def machine_times(proc: Path = PROC) -> MachineTimes:
    """Read what Linux counts, for all processes together."""
    return MachineTimes(_waited(proc), _stolen(proc))


def busy_share(
    before: MachineTimes, after: MachineTimes, seconds: float
) -> dict[str, float | None]:
    """Give in which share of a time something waited, and which of the processors was taken."""
    cores = os.cpu_count() or 1
    return {
        "waited": _share(before.waited, after.waited, seconds),
        "stolen": _share(before.stolen, after.stolen, seconds * cores),
    }


def busiest(results: Iterable[Mapping[str, float | None]]) -> dict[str, float | None]:
    """Give of several machines the largest shares; None where one does not tell."""
    found: dict[str, float | None] = {}
    told = list(results)
    for name in ("waited", "stolen"):
        shares = [each[name] for each in told]
        known = [share for share in shares if share is not None]
        found[name] = max(known) if known and len(known) == len(shares) else None
    return found


def _share(before: float | None, after: float | None, seconds: float) -> float | None:
    if before is None or after is None or seconds <= 0:
        return None
    return min(1.0, max(0.0, after - before) / seconds)


def _waited(proc: Path) -> float | None:
    """Read `some … total=` of the pressure of processors."""
    try:
        lines = (proc / "pressure" / "cpu").read_text(encoding="ascii").splitlines()
        some = next(line for line in lines if line.startswith("some "))
        return int(some.rpartition("total=")[2]) / MICROSECONDS
    except (OSError, ValueError, StopIteration):
        return None


def _stolen(proc: Path) -> float | None:
    try:
        numbers = (proc / "stat").read_text(encoding="ascii").splitlines()[0].split()
        return int(numbers[_STOLEN]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return None


def processor() -> str:
    """Give the name of the processor; empty where the system does not tell."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    found = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(found, platform.processor())
