"""What every seal keeps: only the same content and a known key are ours."""

import stat

import pytest

from controller.adapters.seal.ed25519 import Ed25519Seal
from controller.adapters.seal.memory import MemorySeal
from controller.diagnostics.errors import Stalled


@pytest.fixture(params=["memory", "ed25519"])
def seals(request, tmp_path):
    """Two seals with different keys."""
    if request.param == "memory":
        return MemorySeal(b"one"), MemorySeal(b"two")
    return Ed25519Seal.open(tmp_path / "one"), Ed25519Seal.open(tmp_path / "two")


def test_a_seal_is_of_one_content_and_one_key(seals):
    one, two = seals
    seal = one.sign(b"promote")
    assert one.sign(b"promote") == seal
    assert one.is_ours(b"promote", seal, one.key)
    assert not one.is_ours(b"promote!", seal, one.key)
    assert not one.is_ours(b"promote", two.sign(b"promote"), one.key)
    assert not one.is_ours(b"promote", two.sign(b"promote"), two.key)
    for junk in ("", "zz", seal[:-2]):
        assert not one.is_ours(b"promote", junk, one.key)
        assert not one.is_ours(b"promote", seal, junk)


def test_a_key_is_kept_for_its_owner_and_known_to_a_later_life(tmp_path):
    seal = Ed25519Seal.open(tmp_path / "key")
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    assert Ed25519Seal.open(tmp_path / "key").key == seal.key
    later = Ed25519Seal.open(tmp_path / "other", known=[seal.key])
    assert later.is_ours(b"x", seal.sign(b"x"), seal.key)


def test_a_damaged_key_is_told_and_not_made_anew(tmp_path):
    (tmp_path / "key").write_bytes(b"short")
    with pytest.raises(Stalled) as told:
        Ed25519Seal.open(tmp_path / "key")
    assert told.value.diagnostics[0].code == "promote/key-unreadable"
    assert (tmp_path / "key").read_bytes() == b"short"
