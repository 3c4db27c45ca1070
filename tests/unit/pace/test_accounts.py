"""Accounts: limits that environments share, slowing down when asked to, and places in a row."""

from datetime import timedelta

import pytest

from controller.adapters.clock.memory import START, MemoryClock
from controller.adapters.dispatcher.slowing import Slowing
from controller.model.accounts import Accounts, AccountShare
from controller.workflows.keys import environment_used_by
from controller.workflows.pace import Pace


def shares(**at_once: int | None) -> Accounts:
    accounts = Accounts()
    accounts.follow(AccountShare(name, "aws", limit) for name, limit in at_once.items())
    return accounts


def test_of_several_limits_for_one_account_the_least_holds() -> None:
    accounts = shares(dev=4, staging=2, production=None)
    assert accounts.at_once == {"aws": 2}
    accounts.follow([AccountShare("dev", "dev")])
    assert (accounts.of, accounts.at_once) == ({"dev": "dev"}, {})


def test_environments_of_one_account_are_closed_together() -> None:
    slowing = Slowing(shares(dev=3, staging=None), environment_used_by)
    assert slowing.closed({"dev": 1, "staging": 1, "other": 9}, START) == set()
    assert slowing.closed({"dev": 1, "staging": 2}, START) == {"dev", "staging"}


@pytest.mark.parametrize("lane", ["unit", "drift"])
def test_a_throttled_account_does_half_and_gets_one_back_a_minute(lane: str) -> None:
    slowing = Slowing(shares(dev=None, staging=None), environment_used_by)
    working = {"dev": 5, "staging": 3}

    slowing.throttled(f"{lane}:shop/dev/api", working, START)
    slowing.throttled(f"{lane}:shop/staging/api", working, START + timedelta(seconds=1))

    assert slowing.at_once("aws", START) == 4
    assert slowing.closed({"dev": 2, "staging": 2}, START) == {"dev", "staging"}
    assert slowing.at_once("aws", START + timedelta(minutes=2)) == 6
    slowing.throttled(f"{lane}:shop/dev/api", working, START + timedelta(minutes=2))
    assert slowing.at_once("aws", START + timedelta(minutes=2)) == 3
    assert slowing.at_once("aws", START + timedelta(hours=2)) == 64


def test_at_least_one_goes_on_however_often_it_is_throttled() -> None:
    slowing = Slowing(shares(dev=4), environment_used_by)
    for minute in range(9):
        slowing.throttled("unit:shop/dev/api", {"dev": 1}, START + timedelta(seconds=40 * minute))
        assert slowing.at_once("aws", START + timedelta(seconds=40 * minute)) == 1


def test_what_asks_no_provider_slows_nothing() -> None:
    slowing = Slowing(shares(dev=4), environment_used_by)
    slowing.throttled("stage:shop/dev", {"dev": 4}, START)
    slowing.throttled("unit:shop/unknown/api", {"dev": 4}, START)
    assert slowing.at_once("aws", START) == 4


def pace(rate: int | None) -> tuple[Pace, MemoryClock]:
    accounts, clock = Accounts(), MemoryClock(by_hand=True)
    accounts.follow(AccountShare(name, "aws", None, rate) for name in ("dev", "staging"))
    return Pace(clock, accounts), clock


def test_starts_of_an_account_come_one_after_the_other_in_the_order_of_asking() -> None:
    paced, clock = pace(6)
    keys = [(f"unit:shop/{name}/api-{i}", name) for i in range(3) for name in ("dev", "staging")]
    told = [paced.wait_until(key, environment) for key, environment in keys]

    assert told[0] is None
    waits = [(at - START).total_seconds() for at in told[1:] if at]
    assert waits == [10, 20, 30, 40, 50]
    clock.advance(20)
    assert [paced.wait_until(*key) for key in keys[1:3]] == [None, None]
    assert paced.wait_until(*keys[3]) == told[3], "asking again keeps the place"


def test_a_quiet_account_has_a_burst_and_no_more() -> None:
    paced, clock = pace(60)
    clock.advance(3600)
    free = [paced.wait_until(f"drift:shop/dev/{i}", "dev") is None for i in range(12)]
    assert free == [True] * 10 + [False] * 2


def test_a_clock_that_is_set_back_makes_nobody_wait_for_a_time_that_was() -> None:
    paced, clock = pace(6)
    slowing, long_ago = Slowing(shares(dev=8), environment_used_by), START - timedelta(days=1)
    first, second = (paced.wait_until(f"unit:shop/dev/{i}", "dev") for i in range(2))
    assert (first, second is None) == (None, False)
    slowing.throttled("unit:shop/dev/api", {"dev": 8}, START)
    clock.set_back(86400)
    assert paced.wait_until("unit:shop/dev/1", "dev") is None
    assert slowing.at_once("aws", long_ago) == 4
    assert slowing.at_once("aws", long_ago + timedelta(minutes=2)) == 6


def test_without_a_rate_nobody_waits() -> None:
    paced, _ = pace(None)
    assert all(paced.wait_until(f"unit:shop/dev/{i}", "dev") is None for i in range(100))
