"""Semantic versions (semver.org, 2.0) of tags, and ranges of them as `^1.2 || >=2.1.0 <3.0.0`."""

import re
from dataclasses import dataclass
from typing import Self

_NUMBER = r"(?:0|[1-9][0-9]{0,8})"
_IDENTIFIER = r"[0-9A-Za-z-]+"
_VERSION = re.compile(
    rf"v?({_NUMBER})\.({_NUMBER})\.({_NUMBER})"
    rf"(?:-({_IDENTIFIER}(?:\.{_IDENTIFIER})*))?(?:\+{_IDENTIFIER}(?:\.{_IDENTIFIER})*)?"
)
_COMPARATOR = re.compile(r"(>=|<=|>|<|=|\^|~)?(.+)")
_ANY = r"[xX*]"
_PARTIAL = re.compile(
    rf"v?(?:{_ANY}(?:\.{_ANY}){{0,2}}|({_NUMBER})(?:\.(?:{_ANY}(?:\.{_ANY})?|({_NUMBER})(?:\.{_ANY})?))?)"
)
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
class Alternative:
    """Comparators that all have to hold."""

    comparators: tuple[tuple[str, Version], ...]
    takes_before: bool
    """Whether it names a pre-release: only then are they looked at."""

    def holds(self, version: Version) -> bool:
        """Tell whether a version meets all comparators."""
        if version.before and not self.takes_before:
            return False
        return all(_compare(operator, version, wanted) for operator, wanted in self.comparators)


@dataclass(frozen=True, slots=True)
class VersionRange:
    """Versions as npm's ranges choose them: those that meet one of the alternatives.

    Differs in one thing: a range that names a pre-release takes those of other numbers too.
    """

    text: str
    alternatives: tuple[Alternative, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a range as `^1.2 || >=2.1.0 <3.0.0`; `*` is every release. Raises ValueError."""
        if len(text) > _LONGEST * 2 or len(text.split()) > _MOST:
            raise ValueError(f"`{text[:60]}…` is too long for a range of versions")
        return cls(" ".join(text.split()), tuple(_alternative(part) for part in text.split("||")))

    def holds(self, version: Version) -> bool:
        """Tell whether a version is in the range."""
        return any(each.holds(version) for each in self.alternatives)


def _alternative(text: str) -> Alternative:
    words = text.split()
    if not words:
        raise ValueError("a part of a range is empty; expected one as `>=1.2.0 <2.0.0`")
    if words[1:2] == ["-"] and len(words) == len(("from", "-", "to")):
        words = [f">={words[0]}", f"<={words[2]}"]
    comparators: list[tuple[str, Version]] = []
    names_before = False
    for word in words:
        found = _COMPARATOR.fullmatch(word)
        if found is None:
            raise ValueError(f"`{word[:60]}` is no comparator; expected one as `>=1.2.0`")
        wanted = _Wanted.parse(found[2])
        names_before = names_before or bool(wanted.lowest.before)
        comparators += _expanded(found[1] or "=", wanted)
    return Alternative(tuple(comparators), names_before)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What stands after an operator: a version, or the first numbers of one."""

    lowest: Version
    given: int
    """How many numbers were given, from none (`*`) to three."""

    @classmethod
    def parse(cls, text: str) -> Self:
        found = _PARTIAL.fullmatch(text)
        if found is None:
            return cls(Version.parse(text), 3)
        numbers = [int(part) for part in found.groups() if part is not None]
        first, second, third, *_ = *numbers, 0, 0, 0
        return cls(Version((first, second, third)), len(numbers))

    def after(self, place: int) -> Version:
        """Give what comes before all that differ from this at `place`, pre-releases included."""
        first, second, third = self.lowest.numbers
        bumped = ((first + 1, 0, 0), (first, second + 1, 0), (first, second, third + 1))[place]
        return Version(bumped, ("0",))

    def first_not_zero(self) -> int:
        """Give the place of the number that `^` keeps: the first that is not 0."""
        places = [place for place in range(self.given) if self.lowest.numbers[place]]
        return places[0] if places else self.given - 1


def _expanded(operator: str, wanted: _Wanted) -> list[tuple[str, Version]]:
    """Write a comparator of any kind as plain ones."""
    lowest, given = wanted.lowest, wanted.given
    if given == 0:
        return [("<", Version((0, 0, 0), ("0",)))] if operator in {"<", ">"} else []
    if given == len(lowest.numbers) and operator not in {"^", "~"}:
        return [(operator, lowest)]
    kept = {"^": wanted.first_not_zero(), "~": min(given, 2) - 1}.get(operator, given - 1)
    beyond = wanted.after(kept)
    one_sided = {
        ">": (">=", beyond),
        ">=": (">=", lowest),
        "<": ("<", Version(lowest.numbers, ("0",))),
        "<=": ("<", beyond),
    }
    if operator in one_sided:
        return [one_sided[operator]]
    return [(">=", lowest), ("<", beyond)]


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
