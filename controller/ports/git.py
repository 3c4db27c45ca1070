"""The config repository."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from controller.model.names import Commit, Revision
from controller.model.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Head:
    """Where a branch stands, and whether it got there without rewriting history."""

    revision: Revision
    rewritten_from: Commit | None = None
    """The commit that was the head before, when it is no ancestor of the new head."""


class RepositoryReader(Protocol):
    """Reads commits; never checks anything out, never runs anything from the repository."""

    async def fetch(self) -> Head:
        """Bring the mirror up to date and give the head of the watched branch.

        May be repeated. Raises RepositoryUnreachable; Stalled when the branch does not exist.
        """

    async def snapshot(self, commit: Commit) -> Snapshot:
        """Give the files of a commit that was fetched before. Raises Stalled for any other."""


class PointerWriter(Protocol):
    """The promotions branch: small text files that say which release a stage is at."""

    async def read(self) -> Mapping[str, str]:
        """Give every file of the branch by path; empty when the branch does not exist yet.

        Fetches first. Raises RepositoryUnreachable.
        """

    async def write(
        self, files: Mapping[str, str], *, message: str, expect: Mapping[str, str | None]
    ) -> Commit:
        """Commit and push `files` in one commit, unless a file of `expect` is not as told there.

        None in `expect` means that the file is not there. Repeating a write that already stands
        makes no commit and gives the branch's head. Raises PlanStale when somebody else was faster,
        RepositoryUnreachable.
        """
