"""Commits between two releases → release notes."""

from collections.abc import Sequence
from dataclasses import dataclass

from controller.model.names import Commit


@dataclass(frozen=True, slots=True)
class LoggedCommit:
    """A commit between two others, as its own texts tell: they may hold anything."""

    commit: Commit
    parents: tuple[Commit, ...]
    author: str
    subject: str
    touches: bool
    """Whether it changes one of the paths that were asked for; of a merge that is not told."""


@dataclass(frozen=True)
class CommitLog:
    """The commits that one commit has and another has not, the newest first."""

    commits: Sequence[LoggedCommit]
    is_whole: bool = True
    """Whether these are all; of very many only the newest are read."""
    descends: bool = True
    """Whether the one grew out of the other; else the history was rewritten, or they parted."""


@dataclass(frozen=True, slots=True)
class Note:
    """One commit in one line."""

    commit: Commit
    subject: str
    author: str
    breaking: bool = False


@dataclass(frozen=True, slots=True)
class NoteGroup:
    """Commits of one type; `title` is for people."""

    title: str
    notes: tuple[Note, ...]
    more: int = 0
    """So many others of the type are left out."""


@dataclass(frozen=True)
class ReleaseNotes:
    """What a move brings, or takes away again."""

    since: str
    """The commit that the stage was at; empty when there was none."""
    until: str
    groups: tuple[NoteGroup, ...] = ()
    merges: tuple[Note, ...] = ()
    """Titles of merges that brought some of it."""
    total: int = 0
    """Commits that touch the product, merges aside."""
    is_whole: bool = True
    """Whether all commits in between were looked at."""
    takes_away: bool = False
    """Whether these are commits that the move takes back."""
    said: str = ""
    """What is peculiar about it; empty when nothing is."""
