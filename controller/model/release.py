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
