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


def find_version(text: str) -> Version | None:
    """Give the version that a tag is; None for any other tag."""
    try:
        return Version.parse(text)
    except ValueError:
        return None
