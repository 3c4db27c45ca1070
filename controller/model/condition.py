"""What is true of a thing now, in the words of kstatus and Flux."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Truth(StrEnum):
    """Three answers: unknown is never a yes."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class ConditionType(StrEnum):
    """The types in use. All are good when True, but Stalled and Reconciling."""

    READY = "Ready"
    """Everything below holds for the revision that is wanted."""
    RECONCILING = "Reconciling"
    """Work is under way; there only while True."""
    STALLED = "Stalled"
    """Somebody must act; there only while True."""
    PLANNED = "Planned"
    ALLOWED = "Allowed"
    APPLIED = "Applied"
    IN_SYNC = "InSync"
    SECRETS_DELIVERED = "SecretsDelivered"


@dataclass(frozen=True, slots=True)
class Condition:
    """One statement; `message` is one stable line: the same fault gives the same text."""

    type: ConditionType
    status: Truth
    reason: str
    message: str
    observed_revision: str
    last_transition_time: datetime
    hint: str = ""
    """How to go on, where somebody has to."""
