"""`trueup decision`: what is listed and shown, and what a check ends with, here and on a file."""

import json
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from controller.adapters.seal.ed25519 import Ed25519Seal
from controller.model.canonical import digest_of
from controller.model.record import Standing
from controller.steps.decide.record import write_record
from controller.steps.decide.settle import Basis, settle
from tests.unit.decide.decide_questions import NOW, question
from tests.unit.web.fake_app import DECISION

SEAL = Ed25519Seal(Ed25519PrivateKey.from_private_bytes(b"s" * 32))


@pytest.fixture
def record(folder):
    """A sealed promotion in a file, in a folder without an installation of its own."""
    basis = Basis(question())
    file = folder / "record.json"
    file.write_text(write_record(replace(settle(basis, NOW), number=2), SEAL, basis))
    return file


@pytest.mark.parametrize(
    ("name", "words"),
    [("list", []), ("show", [DECISION]), ("notes", [DECISION]), ("key", [])],
)
def test_records_are_listed_and_shown(trueup, snapshot, name, words):
    ended = trueup("decision", name, *words)
    assert (ended.code, ended.err) == (0, "")
    snapshot(f"cli/decision-{name}.txt", ended.out)
    assert json.loads(trueup("decision", name, *words, "-o", "json").out)


def test_a_bundle_is_written_beside_what_is_shown(trueup, folder):
    shown = trueup("decision", "show", DECISION, "--bundle", "bundle.json", "-o", "json")
    assert (shown.code, shown.err) == (0, "wrote bundle.json\n")
    bundle = json.loads((folder / "bundle.json").read_text())
    assert json.loads(bundle["record"]) == json.loads(shown.out)


def test_a_stage_narrows_the_list(trueup):
    assert trueup("decision", "list", "shop/dev").err == "nothing was decided yet\n"
    assert trueup("decision", "list", "shop").code == trueup("decision", "show", "x").code == 64


def test_a_record_that_is_not_valid_ends_with_one_and_says_which_check_failed(trueup, app):
    ended = trueup("decision", "verify", DECISION)
    assert (ended.code, ended.out.splitlines()[0]) == (1, f"{DECISION} is refused")
    assert "seal     no   its content was changed since" in ended.out
    app.standing = Standing.VALID
    assert trueup("decision", "verify", DECISION).code == 0
    assert trueup("decision", "verify", "sha256:" + "9" * 64).code == 1
    assert trueup("decision", "verify", DECISION, "--key", SEAL.key).code == 64


def test_a_file_is_checked_without_any_controller(trueup, app, record, tmp_path):
    (tmp_path / ".trueup" / "server.json").unlink()
    ended = trueup("decision", "verify", "record.json", "--key", SEAL.key)
    assert (ended.code, ended.out.splitlines()[0][-8:]) == (0, "is valid")
    (tmp_path / "decisions.pub").write_text(f"{'0' * 64}\n{SEAL.key}\n")
    address = digest_of(record.read_text())
    words = ("decision", "verify", str(record), "--key", "decisions.pub", "-o", "json")
    found = json.loads(trueup(*words, "--address", address).out)
    assert found["standing"] == "valid" and all(check["ok"] for check in found["checks"])
    wrong = trueup(*words, "--address", "sha256:" + "9" * 64)
    assert (wrong.code, json.loads(wrong.out)["checks"][0]["check"]) == (1, "address")

    other = trueup("decision", "verify", "record.json", "--key", "0" * 64)
    assert other.code == 1 and "is not known here" in other.out
    record.write_text(record.read_text().replace('"grace"', '"gracy"'))
    changed = trueup("decision", "verify", "record.json", "--key", SEAL.key)
    assert changed.code == 1 and "its content was changed since" in changed.out
    for words in (["nothing.json", "--key", SEAL.key], ["record.json", "--key", "x"]):
        assert trueup("decision", "verify", *words).code == 1


def test_a_file_is_checked_with_the_keys_of_the_controller(trueup, record):
    ended = trueup("decision", "verify", "record.json")
    assert ended.code == 1 and f"the key {SEAL.key} is not known here" in ended.out
