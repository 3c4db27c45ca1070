"""Settings from a file and from variables."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from controller.cli.settings_file import read_settings, settings_of
from controller.diagnostics.errors import ConfigurationWrong, Stalled
from controller.load_workers import LoadWorkers
from controller.model.following import Branch, Fixed, Following, Semver, Tag
from controller.model.history import SignersRule, Trust
from controller.model.names import Commit
from controller.model.versions import VersionRange
from controller.settings import Repository, Settings
from controller.wiring import git_source

FILE = """
data: {data}
repository:
  url: /srv/platform-config.git
  poll_every: PT10S
listen: {{port: 9000}}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "trueup.yaml"
    path.write_text(FILE.format(data=tmp_path / "data"))
    return path


def test_a_file_is_read_and_defaults_hold(file: Path) -> None:
    settings = Settings.read(file)
    assert settings.repository.url == "/srv/platform-config.git"
    assert settings.repository.poll_every.total_seconds() == 10
    assert (settings.listen.host, settings.listen.port) == ("127.0.0.1", 9000)
    assert settings.public_view is False


def test_a_variable_wins_over_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUEUP_LISTEN__PORT", "9100")
    monkeypatch.setenv("TRUEUP_REPOSITORY__BRANCH", "trunk")
    settings = Settings.read(file)
    assert settings.listen.port == 9100
    assert settings.repository.branch == "trunk"
    assert settings.repository.url == "/srv/platform-config.git"


def test_variables_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUEUP_REPOSITORY__URL", "https://git.example.com/config.git")
    assert Settings.read(None).repository.url.startswith("https://")


@pytest.mark.parametrize("text", ["repositry: {url: x}\n", "repository: {}\n", "{}\n"])
def test_what_is_unknown_or_missing_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "trueup.yaml"
    path.write_text(text)
    with pytest.raises(ValidationError):
        Settings.read(path)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Settings.read(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, Branch("main")),
        ({"branch": "trunk"}, Branch("trunk")),
        ({"tag": "v*"}, Tag("v*")),
        ({"semver": ">=1.0.0"}, Semver(VersionRange.parse(">=1.0.0"))),
        ({"commit": "a" * 40}, Fixed(Commit("a" * 40))),
    ],
)
def test_one_thing_is_followed(given: dict[str, str], wanted: Following) -> None:
    assert git_source.following(Repository(url="/x", **given)) == wanted


def test_two_things_cannot_be_followed() -> None:
    with pytest.raises(ValidationError, match="one of `tag`, `semver`, `commit`"):
        Repository(url="/x", tag="v*", commit="a" * 40)


def test_a_range_that_cannot_be_read_is_said() -> None:
    with pytest.raises(Stalled, match=r"repository\.semver.*\^?one"):
        git_source.following(Repository(url="/x", semver="^one"))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"signing": {"ssh_key_file": "/a", "gpg_key_file": "/b"}}, "both are given"),
        ({"signatures": {"promotions": [{"paths": ["*"], "signers": ["a@x"]}]}}, "needs `signing`"),
    ],
)
def test_keys_that_cannot_go_together_are_refused(given: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Repository.model_validate({"url": "/x", **given})


def test_rules_of_the_promotions_branch_are_told_apart() -> None:
    rule = {"paths": ["*/production.yaml"], "signers": ["a@x"]}
    given = {"signatures": {"promotions": [rule]}, "signing": {"ssh_key_file": "/key"}}
    found = git_source.trust(Repository.model_validate({"url": "/x", **given}))
    assert found == Trust((), (SignersRule(("*/production.yaml",), ("a@x",)),))


def test_signatures_are_wanted_when_a_key_or_a_rule_is_given(tmp_path: Path) -> None:
    assert git_source.trust(Repository(url="/x")) is None
    rule = {"paths": ["platform/*"], "signers": ["ann@example.com"]}
    signatures = {"allowed_signers_file": tmp_path / "signers", "rules": [rule]}
    settings = Repository.model_validate({"url": "/x", "signatures": signatures})
    assert git_source.trust(settings) == Trust(
        (SignersRule(("platform/*",), ("ann@example.com",)),)
    )
    git_source.repository(settings, tmp_path / "mirror").close()


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("TRUEUP_REPOSITORY__BRANHC", "TRUEUP_REPOSITORY__BRANCH"),
        ("TRUEUP_LISTEN_PORT", "TRUEUP_LISTEN__PORT"),
        ("TRUEUP_DTAA", "TRUEUP_DATA"),
        ("trueup_publik_view", "TRUEUP_PUBLIC_VIEW"),
    ],
)
def test_a_variable_that_names_no_setting_is_refused_with_the_one_that_was_meant(
    file: Path, monkeypatch: pytest.MonkeyPatch, name: str, meant: str
) -> None:
    monkeypatch.setenv(name, "canary")
    with pytest.raises(ConfigurationWrong, match=f"`{name}` names no setting") as raised:
        read_settings(file)
    assert raised.value.diagnostics[0].hint == f"did you mean `{meant}`?"
    assert "canary" not in str(raised.value)


@pytest.mark.parametrize(
    "name",
    ["TRUEUP_TEST_SEED", "TRUEUP_LOCALCLOUD_ROOT", "TRUEUP_LOAD_REMOTE_TARGET",
     "TRUEUP_PROVIDER_MIRROR", "trueup_log_level"],
)  # fmt: skip
def test_variables_of_settings_and_of_our_other_programs_are_left_alone(
    file: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "info")
    read_settings(file)


def test_an_unknown_key_of_the_file_is_told_with_the_one_that_was_meant(file: Path) -> None:
    file.write_text(file.read_text().replace("poll_every", "pol_every"))
    with pytest.raises(
        ConfigurationWrong, match=r"`repository\.pol_every` is no setting"
    ) as raised:
        read_settings(file)
    assert raised.value.diagnostics[0].hint == "did you mean `repository.poll_every`?"


def test_without_a_file_variables_are_enough_to_serve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationWrong, match=r"no settings file `trueup\.yaml`"):
        settings_of(None)
    monkeypatch.setenv("TRUEUP_REPOSITORY__URL", "/srv/config.git")
    assert settings_of(None).repository.url == "/srv/config.git"
    with pytest.raises(ConfigurationWrong, match="no settings file"):
        settings_of(Path("named.yaml"))
    monkeypatch.setenv("TRUEUP_LISTEN__PORT", "many")
    with pytest.raises(ConfigurationWrong, match=r"the variables: `listen\.port`"):
        settings_of(None)


def test_workers_of_load_tests_come_from_this_machine_unless_it_is_allowed():
    LoadWorkers(host="0.0.0.0", elsewhere=True)
    with pytest.raises(ValidationError, match="`elsewhere: true` allows it"):
        LoadWorkers(host="0.0.0.0")
