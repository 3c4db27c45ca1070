"""A release: one commit of the config repository as seen by one product."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

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
        end = f"{self.until.astimezone(UTC):%Y-%m-%d %H:%M UTC}" if self.until else "it is lifted"
        return f"held where it is by {self.by} until {end}: {self.reason}"


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

    def moved_to(self, release: Release) -> "Pointer":
        """Let a release in; one that was taken back from here does not count as such any more."""
        moved = replace(
            self, commit=release.commit, digest=release.digest, decision=None, hold=None,
            number=self.number + 1,
        )  # fmt: skip
        if self.rejected != release.digest:
            return moved
        return replace(moved, rejected=None, rejected_commit=None, rejected_by="", rejected_at=None)

    def taken_back_to(
        self, release: Release, now: datetime, *, by: str = "", hold: Hold | None = None
    ) -> "Pointer":
        """Go back to a release; the one that was here does not come again by itself."""
        return Pointer(
            self.stage, release.commit, release.digest, rejected=self.digest,
            rejected_commit=self.commit, rejected_by=by, rejected_at=now, hold=hold,
            number=self.number + 1,
        )  # fmt: skip
