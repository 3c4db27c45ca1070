"""Pointers and decisions as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.diagnostics.errors import Stalled
from controller.model.names import Commit, Digest, StageName
from controller.model.release import Pointer
from controller.workflows.pointers import (
    decision_path,
    pointer_path,
    read_pointer,
    write_pointer,
)

STAGE = StageName("shop", "dev")
hexadecimal = st.text("0123456789abcdef", min_size=40, max_size=40)
digests = st.text("0123456789abcdef", min_size=64, max_size=64).map(lambda t: Digest(f"sha256:{t}"))


@given(
    commit=hexadecimal.map(Commit), digest=digests, decision=st.none() | digests,
    rejected=st.none() | digests,
)  # fmt: skip
def test_what_is_written_is_read_back(commit, digest, decision, rejected) -> None:
    pointer = Pointer(STAGE, commit, digest, decision, rejected, commit if rejected else None)
    files = {pointer_path(STAGE): write_pointer(pointer)}
    assert read_pointer(STAGE, files) == pointer
    assert read_pointer(StageName("shop", "staging"), files) is None


@pytest.mark.parametrize("text", ["", "[]", "commit: x", "a: [", "release: y\n", "- commit\n"])
def test_a_pointer_that_says_too_little_is_refused_with_a_way_out(text: str) -> None:
    with pytest.raises(Stalled) as caught:
        read_pointer(STAGE, {pointer_path(STAGE): text})
    assert caught.value.diagnostics[0].hint


def test_a_decision_is_called_by_what_it_says() -> None:
    path = decision_path(STAGE, Digest("sha256:" + "c" * 64))
    assert path == "decisions/shop/dev/cccccccccccccccc.json"
