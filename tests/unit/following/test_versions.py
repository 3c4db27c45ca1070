"""Versions of tags, ranges of them, and which tag is followed."""

import itertools

import pytest

from controller.model.following import FoundTag, Semver, Tag, choose_tag, is_moved_back
from controller.model.names import Commit, Revision
from controller.model.versions import Version, VersionRange

IN_ORDER = [
    "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2",
    "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1", "1.2.0", "1.10.0", "2.0.0",
]  # fmt: skip


def test_versions_are_ordered_as_semver_says() -> None:
    found = [Version.parse(text).precedence() for text in IN_ORDER]
    assert all(one < other for one, other in itertools.pairwise(found))
    assert Version.parse("v1.0.0+build") == Version.parse("1.0.0")


@pytest.mark.parametrize(
    "text",
    ["", "1", "1.2", "01.2.3", "1.2.3.4", "1.2.3-", "1.2.3-01", "1.2.x", "V1.2.3", "1.2.3 ",
     "1.2.3\n", "\u0661.2.3", "1.2.9999999999", "1.2.3-" + "a" * 300],
)  # fmt: skip
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"version|begins with 0"):
        Version.parse(text)


@pytest.mark.parametrize(
    ("given", "inside", "outside"),
    [
        (">=1.2.0 <2.0.0", ["1.2.0", "1.99.0"], ["1.1.9", "2.0.0", "2.0.0-rc.1", "1.5.0-rc.1"]),
        ("*", ["0.0.1", "9.0.0"], ["1.0.0-rc.1"]),
        ("1.2.3", ["1.2.3", "v1.2.3", "1.2.3+b"], ["1.2.4"]),
        ("=v1.2.3", ["1.2.3"], ["1.2.2"]),
        (">1.0.0-rc.1", ["1.0.0-rc.2", "1.0.0"], ["1.0.0-rc.1"]),
        ("<=1.0.0", ["1.0.0", "0.1.0"], ["1.0.1"]),
        ("^1.2.3", ["1.2.3", "1.99.0"], ["1.2.2", "2.0.0", "1.3.0-rc.1"]),
        ("^1.2", ["1.2.0", "1.9.9"], ["1.1.9", "2.0.0"]),
        ("^0.2.3", ["0.2.3", "0.2.9"], ["0.2.2", "0.3.0", "1.0.0"]),
        ("^0.0.3", ["0.0.3"], ["0.0.2", "0.0.4"]),
        ("^0.0", ["0.0.0", "0.0.9"], ["0.1.0"]),
        ("^0", ["0.0.0", "0.9.9"], ["1.0.0"]),
        ("^0.0.x", ["0.0.0", "0.0.9"], ["0.1.0"]),
        ("^1.0.0-rc.1", ["1.0.0-rc.2", "1.5.0"], ["2.0.0-rc.1", "2.0.0", "1.0.0-rc.0"]),
        ("~1.2.3", ["1.2.3", "1.2.9"], ["1.2.2", "1.3.0"]),
        ("~1.2", ["1.2.0", "1.2.9"], ["1.3.0", "1.1.9"]),
        ("~1", ["1.0.0", "1.9.9"], ["2.0.0", "0.9.9"]),
        ("~0.2.3", ["0.2.3"], ["0.3.0"]),
        ("1.x", ["1.0.0", "1.9.9"], ["0.9.9", "2.0.0"]),
        ("1", ["1.0.0", "1.9.9"], ["2.0.0"]),
        ("v1.2.*", ["1.2.0", "1.2.7"], ["1.3.0"]),
        ("1.X.x", ["1.4.2"], ["2.0.0"]),
        ("x", ["0.0.1", "9.9.9"], ["1.0.0-rc.1"]),
        (">1.2", ["1.3.0", "2.0.0"], ["1.2.9"]),
        (">=1.2", ["1.2.0", "2.0.0"], ["1.1.9"]),
        ("<1.2", ["1.1.9"], ["1.2.0"]),
        ("<=1.2", ["1.2.9", "0.1.0"], ["1.3.0"]),
        ("1.2 - 1.4", ["1.2.0", "1.4.9"], ["1.1.9", "1.5.0"]),
        ("1.2.3 - 1.4.0", ["1.2.3", "1.4.0"], ["1.4.1", "1.2.2"]),
        ("^1.2 || ~2.1.0", ["1.2.0", "2.1.5"], ["2.0.0", "2.2.0", "1.1.0"]),
        ("1.x||3.x", ["1.1.0", "3.0.0"], ["2.0.0"]),
        (">=1.0.0-rc.1 || 2.x", ["1.0.0-rc.2", "2.1.0"], ["1.0.0-rc.0"]),
        ("<*", [], ["0.0.0", "1.0.0"]),
    ],
)
def test_a_range_holds_what_meets_all_its_comparators(given, inside, outside) -> None:
    found = VersionRange.parse(given)
    assert all(found.holds(Version.parse(text)) for text in inside)
    assert not any(found.holds(Version.parse(text)) for text in outside)


@pytest.mark.parametrize(
    "text",
    ["", "  ", "^", "~>1.2", ">= 1.2.0", "1.x.3", "x.1", "1 ||", "|| 1", "1.2-rc.1", "1 - ", "01.x",
     "1 | 2", "^^1", "1.2.3.4", "=", "1,2", "1 - 2 - 3", "latest"],
)  # fmt: skip
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"version|comparator|range"):
        VersionRange.parse(text)


TAGS = [
    FoundTag("v1.0.0", 50), FoundTag("v1.2.0", 10), FoundTag("v1.10.0", 20),
    FoundTag("v2.0.0-rc.1", 60), FoundTag("nightly-1", 70), FoundTag("latest", 5),
]  # fmt: skip


@pytest.mark.parametrize(
    ("following", "wanted"),
    [
        (Tag("latest"), "latest"),
        (Tag("v*"), "v2.0.0-rc.1"),
        (Tag("nothing*"), None),
        (Semver(VersionRange.parse("*")), "v1.10.0"),
        (Semver(VersionRange.parse(">=1.0.0 <1.5.0")), "v1.2.0"),
        (Semver(VersionRange.parse(">=2.0.0-rc.0")), "v2.0.0-rc.1"),
        (Semver(VersionRange.parse(">=3.0.0")), None),
    ],
)
def test_the_newest_tag_and_the_highest_version_are_chosen(following, wanted) -> None:
    for order in (TAGS, TAGS[::-1]):
        found = choose_tag(following, order)
        assert (found.name if found else None) == wanted


@pytest.mark.parametrize("branch", ["main", "feature/x@sha1:y", "v1.2.0", ""])
def test_a_revision_is_read_back(branch: str) -> None:
    revision = Revision(branch, Commit("a" * 40))
    assert Revision.parse(str(revision)) == revision


@pytest.mark.parametrize(
    ("following", "before", "now", "wanted"),
    [
        (Semver(VersionRange.parse("^1")), ("v1.3.0", 1), ("v1.2.0", 9), True),
        (Semver(VersionRange.parse("^1")), ("v1.2.0", 9), ("v1.3.0", 1), False),
        (Semver(VersionRange.parse("^1")), ("v2.0.0", 1), ("v1.3.0", 9), False),
        (Semver(VersionRange.parse("^1")), ("v1.3.0", 9), ("v1.3.0", 1), True),
        (Tag("v*"), ("v9", 5), ("v1", 4), True),
        (Tag("v*"), ("v9", 5), ("v1", 6), False),
        (Tag("v*"), ("w9", 5), ("v1", 4), False),
    ],
)
def test_what_comes_before_what_was_followed_is_moved_back(following, before, now, wanted) -> None:
    assert is_moved_back(following, FoundTag(*before), FoundTag(*now)) is wanted
