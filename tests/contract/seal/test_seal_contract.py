"""What every seal keeps: only the same content and a known key count."""

import stat

import pytest

from controller.adapters.seal.ed25519 import Ed25519Keys, Ed25519Seal
from controller.adapters.seal.memory import MemorySeal
from controller.diagnostics.errors import Stalled


@pytest.fixture(params=["memory", "ed25519"])
def seals(request, tmp_path):
    """Two seals with different keys."""
    if request.param == "memory":
        return MemorySeal(b"one"), MemorySeal(b"two")
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    return Ed25519Seal.open(tmp_path / "one"), Ed25519Seal.open(tmp_path / "two")


def test_a_seal_is_of_one_content_and_one_key(seals):
    one, two = seals
    seal = one.sign(b"promote")
    assert one.sign(b"promote") == seal
    assert one.keys == (one.key,) and one.is_known(one.key) and not one.is_known(two.key)
    assert one.is_sealed(b"promote", seal, one.key)
    assert not one.is_sealed(b"promote!", seal, one.key)
    assert not one.is_sealed(b"promote", two.sign(b"promote"), one.key)
    assert not one.is_sealed(b"promote", two.sign(b"promote"), two.key)
    for junk in ("", "zz", seal[:-2], seal.upper() + " "):
        assert not one.is_sealed(b"promote", junk, one.key)
        assert not one.is_sealed(b"promote", seal, junk)


def test_a_key_is_kept_for_its_owner_and_a_later_one_knows_the_earlier(tmp_path):
    first, file = Ed25519Seal.open(tmp_path), tmp_path / "decisions.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.chmod(0o644)
    assert Ed25519Seal.open(tmp_path).key == first.key
    assert stat.S_IMODE(file.stat().st_mode) == 0o600

    file.unlink()
    second = Ed25519Seal.open(tmp_path)
    assert second.keys == (second.key, first.key) == Ed25519Seal.open(tmp_path).keys
    assert second.is_sealed(b"x", first.sign(b"x"), first.key)
    assert Ed25519Keys([first.key]).is_sealed(b"x", first.sign(b"x"), first.key)
    assert not Ed25519Keys([second.key]).is_sealed(b"x", first.sign(b"x"), first.key)


def test_a_damaged_key_is_told_and_not_made_anew(tmp_path):
    (tmp_path / "decisions.key").write_bytes(b"short")
    with pytest.raises(Stalled) as told:
        Ed25519Seal.open(tmp_path)
    assert told.value.diagnostics[0].code == "promote/key-unreadable"
    assert (tmp_path / "decisions.key").read_bytes() == b"short"
    with pytest.raises(Stalled) as told:
        Ed25519Keys(["sesame"])
    assert told.value.diagnostics[0].code == "promote/no-public-key"
