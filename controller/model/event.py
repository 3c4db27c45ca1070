"""Something that has happened, worth telling somebody."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class EventType(StrEnum):
    """Normal is for the record; a warning is for somebody to look at."""

    NORMAL = "Normal"
    WARNING = "Warning"


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to `subject` (`unit:shop/dev/shop-api`, `stage:shop/dev` …), in one line."""

    at: datetime
    type: EventType
    reason: str
    subject: str
    message: str
    revision: str = ""
    number: int = 0
    """The place in the log; given by the ledger."""
