"""Where workers and their master meet, and how they know each other."""

import secrets
from dataclasses import dataclass, field

LOST_AFTER = 20.0
"""Seconds of silence after which the other one is taken for lost; both speak each second."""
PATIENCE = 60.0
"""Seconds that workers get to come, and to be ready."""


@dataclass(frozen=True)
class Meeting:
    """An address of this machine; loopback, where nobody said otherwise."""

    host: str = "127.0.0.1"
    port: int = 0
    """0 takes a free one."""
    token: str = field(default_factory=lambda: secrets.token_hex(32), repr=False)
    patience: float = PATIENCE
    lost_after: float = LOST_AFTER
