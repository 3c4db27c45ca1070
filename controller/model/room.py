"""The room that is left for the data folder."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Room:
    """What the disk of a folder says now."""

    folder: str
    free_bytes: int
    """For us: what is kept back for the system does not count."""
    is_read_only: bool = False
