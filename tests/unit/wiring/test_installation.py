"""Where the engine takes providers from."""

from pathlib import Path

from controller.localcloud import mirror
from controller.wiring.controller import installation


def test_our_own_come_from_our_mirror_and_all_others_from_their_registry(tmp_path: Path) -> None:
    text = installation(tmp_path, None)
    assert f'include = ["{mirror.HOST}/*/*"]' in text
    assert "direct" in text
    assert str(tmp_path) in text


def test_with_a_mirror_no_registry_is_asked(tmp_path: Path) -> None:
    text = installation(tmp_path / "own", tmp_path / "theirs")
    assert "direct" not in text
    assert text.count("filesystem_mirror") == 2


def test_without_the_local_cloud_there_is_no_mirror() -> None:
    assert "filesystem_mirror" not in installation(None, None)
