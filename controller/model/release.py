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
class TakenBack:
    """A release that went back from a stage: it does not come there again by itself."""

    release: Digest
    commit: Commit | None = None
    by: str = ""
    """Who took it back; empty when a gate did."""
    at: datetime | None = None


MOST_TAKEN_BACK = 50
"""So many releases of a stage are known as taken back; of more the newest."""


@dataclass(frozen=True, slots=True)
class Pointer:
    """Which release a stage is at; kept in Git on the promotions branch, one file a stage."""

    stage: StageName
    commit: Commit
    digest: Digest
    decision: Digest | None = None
    """The decision that moved it; None for the first release of a first stage."""
    taken_back: tuple[TakenBack, ...] = ()
    """The newest first; one that is let in again is none of them any more."""
    hold: Hold | None = None
    number: int = 0
    """The place of its decision in the row of decisions about the stage."""

    def held(self, now: datetime) -> Hold | None:
        """Give the hold that stands; one whose time is over does not."""
        return self.hold if self.hold is not None and self.hold.holds(now) else None

    def back_from(self, release: Digest | None) -> TakenBack | None:
        """Tell how a release was taken back from here; None when it was not."""
        return next((each for each in self.taken_back if each.release == release), None)

    def moved_to(self, release: Release) -> "Pointer":
        """Let a release in; one that was taken back from here does not count as such any more."""
        return replace(
            self, commit=release.commit, digest=release.digest, decision=None, hold=None,
            number=self.number + 1, taken_back=self._without(release.digest),
        )  # fmt: skip

    def taken_back_to(
        self, release: Release, now: datetime, *, by: str = "", hold: Hold | None = None
    ) -> "Pointer":
        """Go back to a release; the one that was here does not come again by itself."""
        back = self.moved_to(release)
        left = TakenBack(self.digest, self.commit, by, now)
        return replace(back, hold=hold, taken_back=back.with_taken_back(left))

    def with_taken_back(self, left: TakenBack) -> tuple[TakenBack, ...]:
        """Give what was taken back from here, with one more."""
        return (left, *self._without(left.release))[:MOST_TAKEN_BACK]

    def _without(self, release: Digest) -> tuple[TakenBack, ...]:
        return tuple(each for each in self.taken_back if each.release != release)
