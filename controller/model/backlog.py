"""Changes that piled up in an environment during a pause."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is known of a pause of one environment, until everything after it is done."""

    environment: str
    since: datetime
    """When it was last looked after."""
    found_at: datetime
    because: str
    """What the pause was, as the end of `after 3 hours in which …`."""
    is_drift: bool = False
    """Only what has drifted is held: many units did so at once."""
    asked: int = 0
    """How many units had changes when somebody was asked; 0: nobody was."""
    let_go_by: str = ""
    """Who has looked and lets the changes go; empty until then."""
    applied: int = 0
    """How many units were changed since."""
