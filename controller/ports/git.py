"""The config repository."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from controller.model.following import FoundTag, Semver, Tag
from controller.model.history import History, PastBlob, Signature
from controller.model.names import Commit, Revision
from controller.model.notes import CommitLog
from controller.model.pointer_change import PointerChange
from controller.model.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Head:
    """Where the followed branch or tag stands, and whether history was rewritten."""

    revision: Revision
    rewritten_from: Commit | None = None
    """The commit before: of a branch, when it is no ancestor; of a tag that was moved."""
    tag: FoundTag | None = None
    """The tag that was chosen, and `chosen_by` what."""
    chosen_by: Tag | Semver | None = None


class RepositoryReader(Protocol):
    """Reads commits; never checks anything out, never runs anything from the repository."""

    async def fetch(self, since: Revision | None = None) -> Head:
        """Bring the mirror up to date and give the head of what is followed.

        `since` is what the caller knew last, which a rewritten history is told against. May be
        repeated. Raises RepositoryUnreachable; Stalled when the branch or tag does not exist.
        """

    async def snapshot(self, commit: Commit) -> Snapshot:
        """Give the files of a commit that was fetched before. Raises Stalled for any other.

        Where signatures are wanted, only of what was accepted, and what came before it.
        """

    async def history(self, head: Commit, since: Commit | None) -> History:
        """Tell what a fetched head brings that `since` does not hold."""

    async def log(
        self, head: Commit, since: Commit, paths: Sequence[str], *, at_most: int
    ) -> CommitLog:
        """List the commits that `head` has and `since` has not, and which of them touch `paths`.

        A path with a `/` at the end is a folder. Raises RepositoryUnreachable; Stalled when one of
        the commits is not there any more.
        """

    async def signature(self, commit: Commit) -> Signature:
        """Check the signature of a fetched commit with the keys of the settings, and no others."""

    async def tag_signature(self, tag: FoundTag, commit: Commit) -> Signature:
        """Check the signature of a fetched tag, and that it was made for this name and commit."""

    async def accept(self, commit: Commit) -> None:
        """Let a fetched commit, and what came before it, be read from now on. May be repeated."""


class PastReader(Protocol):
    """Reads whatever lies in the history of the repository, for those who look for what leaked."""

    async def past_blobs(self, at_most: int) -> Sequence[PastBlob]:
        """List files of all commits that were fetched, the newest first.

        Raises RepositoryUnreachable.
        """

    async def past_blob(self, identity: str) -> bytes | None:
        """Give the content of a file; None when it is none. Raises RepositoryUnreachable."""


class PointerWriter(Protocol):
    """The promotions branch: small text files that say which release a stage is at."""

    async def read(self, *folders: str) -> Mapping[str, str]:
        """Give the files below folders by path, or all; empty when there is no branch yet.

        A folder has a `/` at its end. Fetches first. Raises RepositoryUnreachable.
        """

    async def changes(self, path: str, at_most: int) -> Sequence[PointerChange]:
        """Give the commits that changed a file, the newest first, as the branch was last read.

        A merge is one change. Raises RepositoryUnreachable; Stalled when keys cannot be read.
        """

    async def write(
        self, files: Mapping[str, str], *, message: str, expect: Mapping[str, str | None]
    ) -> Commit:
        """Commit and push `files` in one commit, unless a file of `expect` is not as told there.

        None in `expect` means that the file is not there. Repeating a write that already stands
        makes no commit and gives the branch's head. Raises PlanStale when somebody else was faster,
        RepositoryUnreachable.
        """


class BranchWriter(Protocol):
    """Proposals: branches that people look at and merge; what is followed is never written."""

    async def propose(
        self, branch: str, files: Mapping[str, bytes], *, base: Commit, author: str, message: str
    ) -> Commit:
        """Push a new branch with one commit that sets `files` upon `base`, and give the commit.

        Repeating a push that stands gives its commit. Raises Stalled when there is a branch of
        that name with something else in it, or it cannot be one, or the server refuses;
        RepositoryUnreachable.
        """
