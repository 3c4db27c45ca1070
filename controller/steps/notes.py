"""Commits between two releases → release notes, whatever somebody wrote into the commits."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from controller.model.names import Commit
from controller.model.notes import CommitLog, LoggedCommit, Note, NoteGroup, ReleaseNotes

LISTED = 50
"""So many commits of a group are listed; the others are counted."""
MERGES = 30
LONGEST = 120
OTHER = "Other"
TITLES = {
    "feat": "Features", "fix": "Fixes", "perf": "Performance", "security": "Security",
    "revert": "Reverts", "refactor": "Refactoring", "docs": "Documentation", "test": "Tests",
    "build": "Build", "ci": "Build", "chore": "Chores", "style": "Chores",
}  # fmt: skip
_TYPED = re.compile(
    r"(?P<type>[a-z]{2,10})(?:\([^()]{1,60}\))?(?P<breaking>!?): +\S", re.IGNORECASE
)
_SEEN_BY_NOBODY = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})


def notes(log: CommitLog, *, since: str, until: str, takes_away: bool = False) -> ReleaseNotes:
    """Group the commits that touch a product by the type that their subjects name.

    Of merges those are listed that brought any of them.
    """
    touching = [each for each in log.commits if each.touches and not _is_merge(each)]
    merges = [_note(each) for each in _bringing(log.commits)]
    return ReleaseNotes(
        since=since,
        until=until,
        groups=_grouped([_note(each) for each in touching]),
        merges=tuple(merges[:MERGES]),
        total=len(touching),
        is_whole=log.is_whole,
        takes_away=takes_away,
        said="" if log.descends else "the history was rewritten in between, or the two had parted",
    )


def clean(text: str, longest: int = LONGEST) -> str:
    """Give a text in one line of letters that can be seen, and not more of it than fits."""
    seen = (
        " " if unicodedata.category(letter) in _SEEN_BY_NOBODY else letter
        for letter in text[: 4 * longest]
    )
    line = " ".join("".join(seen).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def _grouped(found: Sequence[Note]) -> tuple[NoteGroup, ...]:
    groups: dict[str, list[Note]] = {}
    for note in found:
        groups.setdefault(_title(note.subject), []).append(note)
    order = [*dict.fromkeys(TITLES.values()), OTHER]
    return tuple(
        NoteGroup(title, tuple(of[:LISTED]), max(0, len(of) - LISTED))
        for title in order
        if (of := groups.get(title))
    )


def _title(subject: str) -> str:
    typed = _TYPED.match(subject)
    return TITLES.get(typed["type"].lower(), OTHER) if typed else OTHER


def _note(commit: LoggedCommit) -> Note:
    subject = clean(commit.subject) or "(no subject)"
    typed = _TYPED.match(subject)
    breaking = typed is not None and bool(typed["breaking"])
    return Note(commit.commit, subject, clean(commit.author, 60), breaking)


def _is_merge(commit: LoggedCommit) -> bool:
    return len(commit.parents) > 1


def _bringing(commits: Iterable[LoggedCommit]) -> list[LoggedCommit]:
    """Give the merges that have a commit which touches the product and their first parent has not.

    Each commit's ancestors that touch it are the bits of a number, from the oldest commit on.
    """
    newest_first = list(commits)
    holds: dict[Commit, int] = {}
    found = []
    for place, each in enumerate(reversed(newest_first)):
        first, *others = [holds.get(parent, 0) for parent in each.parents] or [0]
        brought = 0
        for other in others:
            brought |= other
        if brought & ~first:
            found.append(each)
        own = 1 << place if each.touches and not _is_merge(each) else 0
        holds[each.commit] = first | brought | own
    return found[::-1]
