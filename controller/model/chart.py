"""A chart as values: what a painter draws."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a chart."""

    label: str
    points: tuple[tuple[float, float], ...]
    is_baseline: bool = False
    """Drawn behind the others, and lighter."""


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines over a common axis."""

    title: str
    across: str
    upward: str
    lines: tuple[Line, ...]
    is_of_percentiles: bool = False
    """Across stands 1/(1-p), on a logarithmic scale: each step is ten times as rare."""
    is_of_days: bool = False
    """Across stand days since 1970."""
    band: tuple[tuple[float, float, float], ...] = ()
    """Across, and the lower and the upper bound there."""
    marks: tuple[tuple[float, str], ...] = ()
    """Upright lines, with a word each."""
    note: str = ""
    """A sentence below."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A painted chart."""

    svg: bytes
    png: bytes
