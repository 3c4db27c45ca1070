"""The demo's folder and the developer who pushes: doing it again changes nothing."""

from pathlib import Path

import pytest

from controller.demo.developer import Developer
from controller.demo.folder import Folder, run_git
from controller.demo.observer import Controller, NotObserved, wait_for
from controller.demo.scene import Stage
from controller.settings import Settings

API = "products/shop/stacks/api.yaml"


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(tmp_path / "d")
    assert made.prepare(0)
    return made


def test_it_is_made_once(folder: Folder) -> None:
    head = Developer(folder).head()
    token, settings = folder.token.read_text(), folder.settings.read_text()
    assert not folder.prepare(9999)
    assert (Developer(folder).head(), folder.token.read_text()) == (head, token)
    assert folder.settings.read_text() == settings
    assert folder.token.stat().st_mode & 0o777 == 0o600


def test_its_settings_can_be_served(folder: Folder) -> None:
    settings = Settings.read(folder.settings)
    assert settings.repository.url == str(folder.repository)
    assert settings.users[0].name == "demo"
    assert folder.token.read_text().strip() not in folder.settings.read_text()


def test_a_repository_that_was_begun_and_not_finished_is_made_anew(folder: Folder) -> None:
    (folder.repository / "trueup-ready").unlink()
    assert folder.prepare(0)
    assert Developer(folder).head()


def test_a_change_is_pushed_once_and_over_what_others_pushed(folder: Folder) -> None:
    developer = Developer(folder)
    edits = {API: ("Welcome to the shop", "Hello"), "new.txt": "new\n", "README.md": None}
    commit = developer.push("change", "Say hello", edits)
    assert developer.push("change", "Say hello", edits) == commit == developer.head()
    shown = run_git(folder.repository, "show", f"{commit}:{API}")
    assert 'GREETING: "Hello"' in shown
    assert "README.md" not in run_git(folder.repository, "ls-tree", "--name-only", commit)
    with pytest.raises(ValueError, match="does not say"):
        developer.push("other", "Say it again", edits)


def test_what_was_seen_is_remembered_by_the_next_run(folder: Folder) -> None:
    def stage() -> Stage:
        return Stage(folder, Developer(folder), Controller(folder), lambda _line: None)

    assert stage().recall("slow") is None
    stage().remember("slow", {"milliseconds": 7.5})
    stage().remember("other", 1)
    assert stage().recall("slow") == {"milliseconds": 7.5}


def test_waiting_ends_with_what_was_last_wrong() -> None:
    def look() -> bool:
        raise OSError("no answer")

    with pytest.raises(NotObserved, match="no answer"):
        wait_for("a thing", look, seconds=0)
    assert wait_for("a thing", lambda: 3, seconds=0) == 3
