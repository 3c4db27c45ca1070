"""The files that an engine keeps beside a workspace: lock file, stamp, state, copies."""

import json
from pathlib import Path

import pytest

from controller.adapters.engine import _init_stamp, _lock_file, _state_file
from controller.adapters.engine._lines import Lines
from controller.adapters.engine.environment import build_environment
from controller.diagnostics.errors import EngineFailed
from controller.ports.engine import EngineState, EngineVersion

LOCK = """# This file is maintained automatically by "terraform init".

provider "registry.terraform.io/hashicorp/aws" {
  version     = "5.100.0"
  constraints = "~> 5.0"
  hashes = [
    "h1:Ijt7pOlB7Tr7maGQIqtsLFbl7pSMIj06TVdkoSBcYOw=",
    "zh:054b8dd49f0549c9a7cc27d159e45327b7b65cf404da5e5a20da154b90b8a644",
  ]
}

provider "trueup.local/trueup/localcloud" {
  version = "0.1.0"
  hashes = [
    "h1:abc=",
  ]
}
"""
VERSION = EngineVersion("embedded", "1.15.5")


def state(serial: int = 1, **more: object) -> str:
    return json.dumps({"version": 4, "lineage": "l", "serial": serial, "outputs": {}, **more})


def test_a_lock_file_is_known_by_versions_and_hashes_not_by_constraints(tmp_path: Path) -> None:
    assert _lock_file.fingerprints(tmp_path) == {}
    path = tmp_path / _lock_file.NAME
    path.write_text(LOCK)
    first = _lock_file.fingerprints(tmp_path)
    assert set(first) == {
        "registry.terraform.io/hashicorp/aws",
        "trueup.local/trueup/localcloud",
    }
    path.write_text(LOCK.replace("~> 5.0", ">= 5.1"))
    assert _lock_file.fingerprints(tmp_path) == first
    path.write_text(LOCK.replace("5.100.0", "5.101.0"))
    assert _lock_file.fingerprints(tmp_path) != first
    path.write_text(LOCK.replace("h1:abc=", "h1:abd="))
    assert _lock_file.fingerprints(tmp_path) != first


def test_hashes_are_put_aside_and_come_back_and_nothing_else_changes(tmp_path: Path) -> None:
    path = tmp_path / _lock_file.NAME
    path.write_text(LOCK)
    before = _lock_file.fingerprints(tmp_path)
    _lock_file.put_hashes_aside(tmp_path)
    _lock_file.put_hashes_aside(tmp_path)
    text = path.read_text()
    assert "hashes" not in text
    assert 'version     = "5.100.0"\n  constraints = "~> 5.0"\n}' in text
    assert _lock_file.fingerprints(tmp_path) == before
    _lock_file.put_hashes_back(tmp_path)
    assert path.read_text() == LOCK


def test_the_stamp_changes_with_configuration_lock_and_engine(tmp_path: Path) -> None:
    def stamp(version: EngineVersion = VERSION) -> _init_stamp.InitStamp:
        return _init_stamp.compute(tmp_path, version, "")

    (tmp_path / "main.tf.json").write_text('{"terraform": {"required_providers": {"a": {}}}}')
    (tmp_path / "module").mkdir()
    (tmp_path / "module" / "main.tf").write_text("# nothing")
    (tmp_path / ".terraform").mkdir()
    (tmp_path / ".terraform" / "x.tf").write_text("# not ours")
    seen = [stamp()]
    (tmp_path / "terraform.tfvars.json").write_text("{}")
    (tmp_path / ".terraform" / "x.tf").write_text("# not ours either")
    assert stamp() == seen[0]
    (tmp_path / "module" / "main.tf").write_text("# something")
    seen.append(stamp())
    (tmp_path / _lock_file.NAME).write_text(LOCK)
    seen.append(stamp())
    assert {one.wants for one in seen} == {seen[0].wants}
    (tmp_path / "module" / "v.tf").write_text("terraform {\n required_providers {\n b = {}\n}\n}")
    seen.append(stamp())
    seen.append(stamp(EngineVersion("embedded", "1.16.0")))
    assert len(set(seen)) == len(seen)
    assert seen[3].wants != seen[2].wants


def test_a_stamp_is_kept_forgotten_and_not_believed_when_broken(tmp_path: Path) -> None:
    stamp = _init_stamp.compute(tmp_path, VERSION, "")
    assert _init_stamp.read(tmp_path) is None
    _init_stamp.write(tmp_path, stamp)
    assert _init_stamp.read(tmp_path) == stamp
    _init_stamp.forget(tmp_path)
    _init_stamp.forget(tmp_path)
    assert _init_stamp.read(tmp_path) == _init_stamp.InitStamp(stamp.wants, "")
    (tmp_path / _init_stamp.NAME).write_text('{"other": 1}')
    assert _init_stamp.read(tmp_path) is None
    _init_stamp.forget(tmp_path)


def test_a_state_is_read_without_its_secrets() -> None:
    outputs = {
        "url": {"value": "http://x", "type": "string"},
        "key": {"value": "canary", "type": "string", "sensitive": True},
    }
    resources = [
        {"mode": "managed", "type": "a", "name": "one", "instances": [{}]},
        {"mode": "data", "type": "a", "name": "two", "instances": [{}]},
        {
            "module": "module.m",
            "mode": "managed",
            "type": "a",
            "name": "many",
            "instances": [{"index_key": 0}, {"index_key": "k"}],
        },
    ]
    read = _state_file.parse(state(7, outputs=outputs, resources=resources))
    assert read == EngineState(
        lineage="l",
        serial=7,
        outputs={"url": "http://x"},
        sensitive_outputs=("key",),
        resources=("a.one", "data.a.two", 'module.m.a.many["k"]', "module.m.a.many[0]"),
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "is empty"), (" \n", "is empty"), ('{"canary":', "is not"), ('{"canary": 1}', "is not")],
)
def test_what_is_no_state_is_an_alarm_and_not_quoted(text: str, said: str) -> None:
    with pytest.raises(EngineFailed, match=said) as failed:
        _state_file.parse(text)
    assert failed.value.__suppress_context__
    assert "canary" not in repr(failed.value)


def test_only_the_newest_copies_stay(tmp_path: Path) -> None:
    _state_file.keep_copy(tmp_path)
    for serial in (1, 2, 9, 10, 11, *range(100, 120)):
        (tmp_path / _state_file.STATE).write_text(state(serial))
        _state_file.keep_copy(tmp_path)
    kept = sorted((tmp_path / _state_file.KEPT).iterdir())
    assert len(kept) == _state_file.KEEP
    assert kept[0].name == "0000000100.tfstate"


def test_a_first_apply_that_made_something_and_lost_its_state_is_an_alarm(tmp_path: Path) -> None:
    (tmp_path / _state_file.STATE).touch()
    _state_file.note_apply(tmp_path, made_something=False)
    _state_file.check_not_lost(tmp_path)
    assert not (tmp_path / _state_file.STATE).exists()
    (tmp_path / _state_file.STATE).touch()
    _state_file.note_apply(tmp_path, made_something=True)
    with pytest.raises(EngineFailed, match="empty"):
        _state_file.check_not_lost(tmp_path)
    _state_file.forget_apply(tmp_path)
    _state_file.check_not_lost(tmp_path)


def test_a_remote_state_is_not_looked_for_here(tmp_path: Path) -> None:
    (tmp_path / ".terraform").mkdir()
    (tmp_path / ".terraform" / _state_file.STATE).write_text("{}")
    (tmp_path / _state_file.STATE).touch()
    assert _state_file.is_remote(tmp_path)
    _state_file.check_not_lost(tmp_path)
    assert (tmp_path / _state_file.STATE).exists()


def test_lines_are_handed_out_whole_and_once() -> None:
    heard: list[str] = []
    lines = Lines(heard.append)
    for piece in ("on", "e\ntw", "o\n", "three"):
        lines.take(piece)
    assert heard == ["one", "two"]
    lines.end()
    lines.end()
    assert heard == ["one", "two", "three"]
    assert lines.text == "one\ntwo\nthree"


def test_the_environment_is_built_from_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    built = build_environment(home, path="/bin", extras={"EXTRA": "1"})
    assert set(built) == {
        "PATH", "HOME", "LANG", "TF_CLI_CONFIG_FILE", "TF_IN_AUTOMATION", "TF_INPUT",
        "CHECKPOINT_DISABLE", "GOGC", "EXTRA",
    }  # fmt: skip
    assert home.stat().st_mode & 0o777 == 0o700
    assert Path(built["TF_CLI_CONFIG_FILE"]).is_file()
    own = tmp_path / "own.rc"
    own.touch()
    assert build_environment(home, path="/bin", cli_config=own)["TF_CLI_CONFIG_FILE"] == str(own)
