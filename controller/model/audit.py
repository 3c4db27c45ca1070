"""Who did something to a thing in the world, as a log of the provider tells."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One entry: at which instant who did what to which thing, and from where."""

    at: datetime
    actor: str
    action: str
    """In the provider's words, as `AuthorizeSecurityGroupIngress`."""
    thing: str
    """The name by which the thing was found in the log."""
    source: str = ""
    """The address that it was asked from; empty when the log does not tell."""
    failed: bool = False
    """Whether the provider refused it: then it changed nothing."""
