"""Another server takes the place of the one that was there; killed anywhere, a start ends it."""

from pathlib import Path

import pytest

from controller.adapters.secret_store._swap import prepare, put_into_place, settle
from controller.diagnostics.errors import Stalled


class KilledError(BaseException):
    pass


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made(tmp_path / "server", "old")
    made(tmp_path / "server.before", "older")
    made(prepare(tmp_path) / "server", "new")
    return tmp_path


def made(folder: Path, text: str) -> None:
    folder.mkdir()
    (folder / "data").write_text(text)


def there(folder: Path) -> dict[str, str]:
    return {
        path.name: (path / "data").read_text() for path in folder.iterdir() if path.name != "lock"
    }


@pytest.mark.parametrize("stop_at", ["marked", "cleared", "moved away", "moved in", "wiped", ""])
def test_what_was_proven_is_used_wherever_it_was_killed(folder: Path, stop_at: str) -> None:
    def on_step(step: str) -> None:
        if step == stop_at:
            raise KilledError

    if stop_at:
        with pytest.raises(KilledError):
            put_into_place(folder, on_step)
        settle(folder)
    else:
        put_into_place(folder)
    assert there(folder) == {"server": "new", "server.before": "old"}
    assert settle(folder) is False
    assert there(folder) == {"server": "new", "server.before": "old"}


def test_what_was_not_proven_is_wiped(folder: Path) -> None:
    assert settle(folder) is False
    assert there(folder) == {"server": "old", "server.before": "older"}
    with pytest.raises(Stalled):
        put_into_place(folder)


def test_a_restore_of_an_earlier_version_that_left_no_mark_is_finished(folder: Path) -> None:
    (folder / "server").rename(folder / "restoring" / "gone")
    assert settle(folder) is True
    assert there(folder) == {"server": "new", "server.before": "older"}


def test_without_anything_else_the_old_server_is_put_back(folder: Path) -> None:
    (folder / "server").rename(folder / "restoring" / "gone")
    (folder / "restoring" / "server").rename(folder / "restoring" / "other")
    assert settle(folder) is False
    assert there(folder) == {"server": "older"}
