import stat

from controller.model.caller import Caller, Role
from controller.settings import User
from controller.web.authority import Authority, digest_of, local_token


def test_users_of_the_settings_are_recognised_by_their_token():
    user = User(name="robin", role="approver", token_sha256=digest_of("a token"))
    authority = Authority.of([user], local_token="local one")
    assert authority.recognise("a token") == Caller("robin", Role.APPROVER)
    assert authority.recognise("local one") == Caller("local", Role.ADMIN)


def test_nobody_is_recognised_by_a_wrong_an_empty_or_a_huge_token():
    authority = Authority.of([], local_token="local one")
    assert authority.recognise("local on") is None
    assert authority.recognise("") is None
    assert authority.recognise("x" * 100_000) is None
    assert authority.recognise("\ud800") is None


def test_without_a_local_token_an_empty_one_opens_nothing():
    assert Authority.of([]).recognise("") is None


def test_the_local_token_is_made_once_and_only_its_owner_may_read_it(tmp_path):
    file = tmp_path / "data" / "token"
    made = local_token(file)
    assert local_token(file) == made
    assert len(made) >= 40
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["token"]


def test_an_empty_token_file_gets_a_new_token(tmp_path):
    file = tmp_path / "token"
    file.write_text("\n")
    assert local_token(file)
    assert file.read_text().strip()
