"""Which reference of the config repository says what is wanted, and how one of many is chosen."""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from controller.model.names import Commit
from controller.model.versions import Version, VersionRange


@dataclass(frozen=True, slots=True)
class Branch:
    """The head of a branch; what is pushed to it follows."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Tag:
    """The newest tag whose name matches; a name without `*` and `?` matches itself alone."""

    pattern: str

    def __str__(self) -> str:
        return self.pattern


@dataclass(frozen=True, slots=True)
class Semver:
    """The highest version of a range among the tags that are versions."""

    range: VersionRange

    def __str__(self) -> str:
        return self.range.text


@dataclass(frozen=True, slots=True)
class Fixed:
    """One commit, whatever is pushed."""

    commit: Commit

    def __str__(self) -> str:
        return self.commit


Following = Branch | Tag | Semver | Fixed


@dataclass(frozen=True, slots=True)
class FoundTag:
    """A tag of the repository, and when it was made, in seconds since 1970."""

    name: str
    made_at: int
    identity: str = ""
    """The annotated tag's own object, which may be signed; empty for a tag that has none."""


def choose_tag(following: Tag | Semver, tags: Iterable[FoundTag]) -> FoundTag | None:
    """Give the tag to follow: the newest that matches, the highest version of a range."""
    if isinstance(following, Tag):
        matching = [tag for tag in tags if fnmatchcase(tag.name, following.pattern)]
        return max(matching, key=lambda tag: (tag.made_at, tag.name), default=None)
    versions = {tag: version for tag in tags if (version := find_version(tag.name)) is not None}
    return max(
        (tag for tag, version in versions.items() if following.range.holds(version)),
        key=lambda tag: (versions[tag].precedence(), tag.made_at, tag.name),
        default=None,
    )


def is_moved_back(following: Tag | Semver, before: FoundTag, now: FoundTag) -> bool:
    """Tell whether a tag comes before one that was followed and would still be, were it there."""
    if isinstance(following, Tag):
        return fnmatchcase(before.name, following.pattern) and now.made_at < before.made_at
    old, new = find_version(before.name), find_version(now.name)
    if old is None or new is None or not following.range.holds(old):
        return False
    return (new.precedence(), now.made_at) < (old.precedence(), before.made_at)


def find_version(text: str) -> Version | None:
    """Give the version that a tag is; None for any other tag."""
    try:
        return Version.parse(text)
    except ValueError:
        return None
