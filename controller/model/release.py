"""A release: one commit of the config repository as seen by one product."""

from dataclasses import dataclass
from datetime import datetime

from controller.model.names import Commit, Digest, StageName


@dataclass(frozen=True, slots=True)
class Release:
    """What would be promoted.

    Two commits that say the same of a product are the same release: `digest` covers the product's
    own documents, modules and folders; `commit` is the first commit that was seen with it.
    """

    product: str
    commit: Commit
    digest: Digest
    subject: str = ""
    author: str = ""
    committed_at: datetime | None = None

    def __str__(self) -> str:
        return f"{self.product}@{self.commit[:12]}"


@dataclass(frozen=True, slots=True)
class Hold:
    """Somebody's word that a stage stays at its release; kept in Git beside the pointer."""

    by: str
    at: datetime
    reason: str
    until: datetime | None = None
    """When it ends by itself; None: when somebody lifts it."""

    def holds(self, now: datetime) -> bool:
        """Tell whether it still stands."""
        return self.until is None or now < self.until

    def __str__(self) -> str:
        end = f"until {self.until:%Y-%m-%d %H:%M UTC}" if self.until else "until it is lifted"
        return f"held where it is by {self.by} {end}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Pointer:
    """Which release a stage is at; kept in Git on the promotions branch, one file a stage."""

    stage: StageName
    commit: Commit
    digest: Digest
    decision: Digest | None = None
    """The decision that moved it; None for the first release of a first stage."""
    rejected: Digest | None = None
    """The release that was rolled back from here; it is not tried again."""
    rejected_commit: Commit | None = None
    rejected_by: str = ""
    """Who took it back; empty when a gate did."""
    rejected_at: datetime | None = None
    hold: Hold | None = None
    number: int = 0
    """The place of its decision in the row of decisions about the stage."""

    def held(self, now: datetime) -> Hold | None:
        """Give the hold that stands; one whose time is over does not."""
        return self.hold if self.hold is not None and self.hold.holds(now) else None
