"""A kill in the middle of writing the state: what is put back, and what is asked about."""

import json
from pathlib import Path

import pytest

from controller.adapters.engine import _state_file
from controller.diagnostics.errors import EngineFailed

WHOLE = json.dumps({"version": 4, "lineage": "l", "serial": 3, "resources": []}, indent=2) + "\n"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "terraform.tfstate").write_text(WHOLE)
    _state_file.keep_copy(tmp_path)
    return tmp_path


@pytest.mark.parametrize("left", ["", WHOLE[:20], WHOLE[:-3]])
def test_a_state_that_was_cut_off_is_put_back(directory: Path, left: str) -> None:
    (directory / "terraform.tfstate").write_text(left)
    _state_file.note_apply(directory, made_something=False)

    _state_file.check_not_lost(directory)

    assert (directory / "terraform.tfstate").read_text() == WHOLE


@pytest.mark.parametrize("left", ["", WHOLE[:20]])
def test_a_person_is_asked_when_something_was_made_meanwhile(directory: Path, left: str) -> None:
    (directory / "terraform.tfstate").write_text(left)
    _state_file.note_apply(directory, made_something=True)

    with pytest.raises(EngineFailed, match="state"):
        _state_file.check_not_lost(directory)


def test_a_state_that_somebody_took_away_is_not_put_back(directory: Path) -> None:
    (directory / "terraform.tfstate").unlink()

    with pytest.raises(EngineFailed, match="gone"):
        _state_file.check_not_lost(directory)


@pytest.mark.parametrize(
    "left",
    [
        b"\xff\xfe}",
        b"[]",
        WHOLE.replace("3", '"many"').encode(),
        WHOLE.replace("[]", "[1, 2]").encode(),
        WHOLE.replace("[]", '[{"type": "x"}]').encode(),
    ],
)
def test_a_state_of_another_shape_is_unreadable_and_may_be_replaced(
    directory: Path, left: bytes
) -> None:
    (directory / "terraform.tfstate").write_bytes(left)

    with pytest.raises(EngineFailed) as caught:
        _state_file.read_local(directory)
    assert caught.value.diagnostics[0].code == "engine/state-unreadable"

    _state_file.set_broken_aside(directory)
    assert _state_file.read_local(directory) is None


def test_an_explicit_local_backend_is_not_remote(tmp_path: Path) -> None:
    (tmp_path / ".terraform").mkdir()
    configured = tmp_path / ".terraform" / "terraform.tfstate"
    for backend, remote in (
        ({"type": "local", "config": {"path": "terraform.tfstate"}}, False),
        ({"type": "local", "config": {"path": None}}, False),
        ({"type": "local", "config": {"path": "../elsewhere.tfstate"}}, True),
        ({"type": "http", "config": {}}, True),
    ):
        configured.write_text(json.dumps({"version": 3, "backend": backend}))
        assert _state_file.is_remote(tmp_path) is remote
