"""Semantic versions (semver.org, 2.0) of tags, and ranges of them as `>=1.2.0 <2.0.0`."""

import re
from dataclasses import dataclass
from typing import Self

_NUMBER = r"(?:0|[1-9][0-9]{0,8})"
_IDENTIFIER = r"[0-9A-Za-z-]+"
_VERSION = re.compile(
    rf"v?({_NUMBER})\.({_NUMBER})\.({_NUMBER})"
    rf"(?:-({_IDENTIFIER}(?:\.{_IDENTIFIER})*))?(?:\+{_IDENTIFIER}(?:\.{_IDENTIFIER})*)?"
)
_COMPARATOR = re.compile(r"(>=|<=|>|<|=)?(.+)")
_LONGEST = 200
_MOST = 16

_Precedence = tuple[int, int, int, bool, tuple[tuple[bool, int, str], ...]]


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a tag; `v` before it and build metadata after it count for nothing."""

    numbers: tuple[int, int, int]
    before: tuple[str, ...] = ()
    """The parts of a pre-release, as `rc` and `1` in `1.0.0-rc.1`."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a version. Raises ValueError."""
        found = _VERSION.fullmatch(text) if len(text) <= _LONGEST else None
        if found is None:
            raise ValueError(f"`{text[:60]}` is no version; expected one as `1.2.3`")
        before = tuple(found[4].split(".")) if found[4] else ()
        if any(part.isdecimal() and len(part) > 1 and part[0] == "0" for part in before):
            raise ValueError(f"`{text[:60]}` has a number that begins with 0")
        return cls((int(found[1]), int(found[2]), int(found[3])), before)

    def precedence(self) -> _Precedence:
        """Give what versions are compared by: a release comes after its pre-releases."""
        parts = tuple(
            (False, int(part), "") if part.isdecimal() else (True, 0, part) for part in self.before
        )
        return (*self.numbers, not self.before, parts)


@dataclass(frozen=True, slots=True)
class VersionRange:
    """Versions that meet all comparators; pre-releases only when a comparator names one."""

    text: str
    comparators: tuple[tuple[str, Version], ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read comparators with spaces between them; `*` is every release. Raises ValueError."""
        words = text.split()
        if not words or len(words) > _MOST:
            raise ValueError(
                f"`{text[:60]}` is no range of versions; expected one as `>=1.2.0 <2.0.0`"
            )
        comparators = []
        for word in words:
            if word == "*" and len(words) == 1:
                continue
            found = _COMPARATOR.fullmatch(word)
            if found is None:
                raise ValueError(f"`{word[:60]}` is no comparator; expected one as `>=1.2.0`")
            comparators.append((found[1] or "=", Version.parse(found[2])))
        return cls(" ".join(words), tuple(comparators))

    def holds(self, version: Version) -> bool:
        """Tell whether a version is in the range."""
        if version.before and not any(wanted.before for _, wanted in self.comparators):
            return False
        return all(_compare(operator, version, wanted) for operator, wanted in self.comparators)


def _compare(operator: str, version: Version, wanted: Version) -> bool:
    one, other = version.precedence(), wanted.precedence()
    match operator:
        case ">=":
            return one >= other
        case "<=":
            return one <= other
        case ">":
            return one > other
        case "<":
            return one < other
        case _:
            return one == other
