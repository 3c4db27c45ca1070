"""Release notes say what is in the commits, and nothing that hostile ones want to be said."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.model.names import Commit
from controller.model.notes import CommitLog, LoggedCommit
from controller.steps.notes import LISTED, LONGEST, notes


def commit(number, subject="fix: it", parents=(), touches=True, author="Ada"):
    above = tuple(Commit(f"{parent:040x}") for parent in parents)
    return LoggedCommit(Commit(f"{number:040x}"), above, author, subject, touches)


def noted(*commits, **more):
    return notes(CommitLog(commits, **more), since="a" * 40, until="b" * 40)


@pytest.mark.parametrize(
    ("subject", "title", "breaking"),
    [
        ("feat: baskets", "Features", False),
        ("Fix(api)!: prices", "Fixes", True),
        ("chore(deps): bump", "Chores", False),
        ("wibble: what", "Other", False),
        ("Merge nothing", "Other", False),
        ("feat:no space", "Other", False),
    ],
)
def test_a_commit_is_grouped_by_the_type_that_its_subject_names(subject, title, breaking):
    (group,) = noted(commit(1, subject)).groups
    assert (group.title, group.notes[0].breaking, group.notes[0].subject) == (
        title, breaking, subject,
    )  # fmt: skip


def test_only_what_touches_the_product_is_told_and_merges_that_brought_it():
    found = noted(
        commit(7, "Merge pull request 2 of nobody", (5, 6)),
        commit(6, "docs: of another product", (1,), touches=False),
        commit(5, "Merge pull request 1", (1, 4)),
        commit(4, "feat: two", (3,)),
        commit(3, "feat: one", (1,)),
    )
    assert [note.subject for group in found.groups for note in group.notes] == [
        "feat: two", "feat: one",
    ]  # fmt: skip
    assert [note.subject for note in found.merges] == ["Merge pull request 1"]
    assert (found.total, found.is_whole, found.said) == (2, True, "")


def test_ten_thousand_commits_are_counted_and_few_are_listed():
    found = noted(
        *(commit(n, f"fix: {n}", (n - 1,)) for n in range(10_000, 0, -1)),
        is_whole=False, descends=False,
    )  # fmt: skip
    (group,) = found.groups
    assert (len(group.notes), group.more, found.total) == (LISTED, 10_000 - LISTED, 10_000)
    assert found.said and not found.is_whole


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=700), st.text(max_size=300))
def test_a_hostile_subject_is_one_line_of_letters_that_can_be_seen(subject, author):
    for group in noted(commit(1, subject, author=author)).groups:
        for note in group.notes:
            assert note.subject and len(note.subject) <= LONGEST and len(note.author) <= 60
            assert "\n" not in note.subject
            seen = {unicodedata.category(letter) for letter in note.subject + note.author}
            assert seen.isdisjoint({"Cc", "Cf", "Cs", "Zl", "Zp"})


def test_tricks_of_terminals_and_of_right_to_left_are_gone():
    subject = "feat: \x1b[2Jgood\u202e\r\nfix: forged\x00<script>"
    (group,) = noted(commit(1, subject)).groups
    assert group.notes[0].subject == "feat: [2Jgood fix: forged <script>"
