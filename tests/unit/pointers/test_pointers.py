"""Pointers and decisions as text."""

from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.diagnostics.errors import Stalled
from controller.model.names import Commit, Digest, StageName
from controller.model.release import Hold, Pointer, TakenBack
from controller.workflows.pointers import (
    decision_path,
    pointer_path,
    read_pointer,
    write_pointer,
)

STAGE = StageName("shop", "dev")
hexadecimal = st.text("0123456789abcdef", min_size=40, max_size=40)
digests = st.text("0123456789abcdef", min_size=64, max_size=64).map(lambda t: Digest(f"sha256:{t}"))

instants = st.datetimes(timezones=st.just(UTC))
taken_back = st.builds(
    TakenBack, digests, st.none() | hexadecimal.map(Commit), st.text(), st.none() | instants
)


@given(
    commit=hexadecimal.map(Commit), digest=digests, decision=st.none() | digests,
    taken_back=st.lists(taken_back, max_size=3).map(tuple),
    hold=st.none() | st.builds(Hold, st.text(), instants, st.text(), st.none() | instants),
)  # fmt: skip
def test_what_is_written_is_read_back(commit, digest, decision, taken_back, hold) -> None:
    pointer = Pointer(STAGE, commit, digest, decision, taken_back, hold)
    files = {pointer_path(STAGE): write_pointer(pointer)}
    assert read_pointer(STAGE, files) == pointer
    assert read_pointer(StageName("shop", "staging"), files) is None


def test_halves_of_characters_that_an_earlier_version_wrote_are_read_as_whole_ones() -> None:
    hold = 'hold: {by: "o", at: "2026-11-27T12:00:00+00:00", reason: "go \\ud83d\\ude80 \\ud83d"}'
    text = f"commit: a\nrelease: b\n{hold}\n"
    pointer = read_pointer(STAGE, {pointer_path(STAGE): text})
    assert pointer is not None and pointer.hold is not None
    assert pointer.hold.reason == "go \U0001f680 \ufffd"


@pytest.mark.parametrize("text", ["", "[]", "commit: x", "a: [", "release: y\n", "- commit\n"])
def test_a_pointer_that_says_too_little_is_refused_with_a_way_out(text: str) -> None:
    with pytest.raises(Stalled) as caught:
        read_pointer(STAGE, {pointer_path(STAGE): text})
    assert caught.value.diagnostics[0].hint


def test_a_decision_is_called_by_what_it_says() -> None:
    path = decision_path(STAGE, Digest("sha256:" + "c" * 64))
    assert path == "decisions/shop/dev/cccccccccccccccc.json"
