"""What somebody did to a pointer's file, and what became of it."""

from dataclasses import dataclass, field
from datetime import datetime

from controller.model.decision import Approval
from controller.model.history import Signature
from controller.model.names import Commit
from controller.model.release import Release

TRAILER = "Trueup-Pointer"
"""The line of a commit's message that binds it to the text of the pointer that it writes."""


@dataclass(frozen=True, slots=True)
class PointerChange:
    """A commit of the promotions branch that changed one file; a merge stands for all it brings."""

    commit: Commit
    text: str | None
    """The file as this commit left it; None: it is gone, or no text."""
    message: str
    author: str
    committer: str
    at: datetime
    is_merge: bool = False
    proposers: tuple[str, ...] = ()
    """Who made the change: of a merge the authors of what was merged."""
    signature: Signature = field(default_factory=Signature)
    by_us: bool | None = None
    """Whether it is signed with the key that Trueup signs with; None: it signs with none."""


@dataclass(frozen=True, slots=True)
class HandEdit:
    """A change of a pointer that Trueup did not make and that does not count, or not yet."""

    said: str
    """What was done, by whom, and why it does not count; a part of a sentence."""
    at: datetime
    release: Release | None = None
    """What it says should be here; None when it says something else, or nothing that is known."""
    is_proposal: bool = False
    """It counts as somebody's wish: what it names comes when everything else says yes."""
    by_another: bool = False
    """Another Trueup wrote it, or this one before it lost its key."""
    asked_by: str = ""
    approval: Approval | None = None

    def asks(self, *, comes_by_itself: bool) -> bool:
        """Tell whether it counts as a wish: not of who approves what comes without being asked."""
        is_same = self.approval is not None and self.approval.by == self.asked_by
        return not (is_same and comes_by_itself)

    def words(self, given: tuple[Approval, ...]) -> tuple[Approval, ...]:
        """Give all approvals: its own beside those that were given."""
        return (*given, self.approval) if self.approval else given

    def taken_over(self, by: str) -> str:
        """Say what it is once somebody asks for what it names."""
        return f"{self.said}; {by} asks for what it says" if by else self.said

    def names(self, release: Release) -> bool:
        """Tell whether this is the release that it wants here."""
        return self.release is not None and self.release.digest == release.digest
