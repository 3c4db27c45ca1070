"""What a benchmark found, in the form that every `trueup bench NAME -o json` prints."""

import os
import platform
import resource
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

import psutil

from controller import __version__


@dataclass(frozen=True, slots=True)
class Case:
    """One measurement beside its plain twin."""

    name: str
    units: int
    ours_seconds: float
    plain_seconds: float | None
    goal: str
    is_met: bool
    peak_rss_mib: float
    detail: Mapping[str, object] = field(default_factory=dict)

    def as_values(self) -> dict[str, object]:
        """Give the case as values of JSON."""
        plain = self.plain_seconds
        return {
            "name": self.name,
            "units": self.units,
            "ours_seconds": round(self.ours_seconds, 4),
            "plain_seconds": None if plain is None else round(plain, 4),
            "ratio": None if not plain else round(self.ours_seconds / plain, 3),
            "goal": self.goal,
            "peak_rss_mib": round(self.peak_rss_mib, 1),
            "detail": {"met": self.is_met, **self.detail},
        }


@dataclass(frozen=True, slots=True)
class Report:
    """All cases of a benchmark."""

    benchmark: str
    cases: tuple[Case, ...]

    def as_values(self) -> dict[str, object]:
        """Give the report as values of JSON."""
        cases = [case.as_values() for case in self.cases]
        return {"benchmark": self.benchmark, "machine": machine(), "cases": cases}


def machine() -> dict[str, object]:
    """Say what the numbers were measured on, and how busy it was with other things."""
    return {
        "system": f"{platform.system()} {platform.release()}",
        "architecture": platform.machine(),
        "cpus": os.cpu_count() or 0,
        "memory_mib": psutil.virtual_memory().total >> 20,
        "load_average": round(psutil.getloadavg()[0], 2),
        "python": platform.python_version(),
        "trueup": __version__,
    }


def peak_rss_mib() -> float:
    """Give the most memory that this process has had."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1 << 20 if sys.platform == "darwin" else 1 << 10)
