"""Where a provider looks: what moves it, and what does not."""

import pytest

from controller.model.provider_places import moves, places
from schemas.kinds.environment import EnvironmentSpec

ROLE = "arn:aws:iam::111111111111:role/shop"
AWS = {
    "region": "eu-central-1",
    "allowed_account_ids": ["111111111111"],
    "assume_role": {"role_arn": ROLE, "session_name": "one"},
    "endpoints": [{"sns": "http://127.0.0.1:5000"}],
    "default_tags": {"tags": {"a": "b"}},
    "secret_key": "canary-5d1",
}


def spec(**providers: object) -> EnvironmentSpec:
    return EnvironmentSpec.model_validate({"providers": providers})


def moved(passed: dict[str, str] | None = None, **changed: object) -> tuple[str, ...]:
    """What looks elsewhere when some values of the provider, or what is passed on, change."""
    values = {key: value for key, value in {**AWS, **changed}.items() if value is not None}
    now = spec(**{"aws": values, "aws.far": {"region": "far"}})
    before = places(spec(aws=AWS), {"aws": "aws"})
    return moves([before], places(now, passed or {"aws": "aws"}))


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"default_tags": [{"tags": {"c": "d"}}]},
        {"max_retries": 9, "http_proxy": "http://127.0.0.1:1", "skip_region_validation": True},
        {"assume_role": [{"role_arn": ROLE, "session_name": "two"}]},
        {"endpoints": {"sns": "http://127.0.0.1:5000"}},
        {"endpoints": {"sns": "http://user:canary@127.0.0.1:5000"}},
        {"secret_key": "another"},
        {"allowed_account_ids": None},
        {"allowed_account_ids": ["222222222222", "111111111111"]},
    ],
)
def test_harmless_changes_move_nothing(changed: dict[str, object]) -> None:
    assert moved(None, **changed) == ()


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"region": "us-east-1"}, "`aws`: `region` eu-central-1 → us-east-1"),
        ({"region": None}, "`aws`: `region` eu-central-1 → (not set)"),
        ({"subscription": "b"}, "`aws`: `subscription` (not set) → b"),
        ({"endpoints": {"sns": "http://b"}}, "`aws`: `endpoints.sns` http://127.0.0.1:5000 → "),
        ({"allowed_account_ids": ["3"]}, '`aws`: `allowed_account_ids` ["111111111111"] → ["3"]'),
    ],
)
def test_what_finds_other_things_moves(changed: dict[str, object], told: str) -> None:
    (found,) = moved(None, **changed)
    assert found.startswith(told)


LOGINS = [{"profile": "other"}, {"assume_role": {"role_arn": "x"}}]


@pytest.mark.parametrize("changed", LOGINS)
def test_another_login_moves_it_unless_the_account_is_known_to_be_the_same(
    changed: dict[str, object],
) -> None:
    assert moved(None, **changed) == ()
    for accounts in (None, ["111111111111", "222222222222"]):
        before = {**AWS, "allowed_account_ids": accounts}
        then, now = (places(spec(aws=each), {"aws": "aws"}) for each in (before, before | changed))
        assert len(moves([then], now)) == 1


def test_another_configuration_moves_what_gets_it() -> None:
    (found,) = moved({"other": "aws", "aws": "aws.far"})
    assert found == "`aws`: `region` eu-central-1 → far"
    assert moved({"x": "aws.far"}) == ("`aws` is not used any more",)


def test_a_new_or_renamed_configuration_moves_nothing() -> None:
    assert moved({"aws": "aws", "aws.dns": "aws"}) == ()
    assert moved({"aws.main": "aws"}) == ()
    assert moves([], places(spec(aws=AWS), {"aws": "aws"})) == ()
    assert moves([{}], places(spec(aws=AWS), {"aws": "aws"})) == ()


def test_each_place_where_something_may_be_is_compared() -> None:
    here, there = ({"aws": {"region": region}} for region in ("here", "there"))
    assert moves([here, there], there) == ("`aws`: `region` here → there",)
    assert moves([here, there], here) == ("`aws`: `region` there → here",)
    assert moves([here], here) == ()


def test_credentials_are_not_kept() -> None:
    url = {**AWS, "endpoints": {"sns": "http://user:canary-5d1@127.0.0.1"}, "token": "canary-5d1"}
    assert "canary-5d1" not in repr(places(spec(aws=url), {"aws": "aws"}))
