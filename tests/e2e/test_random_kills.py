"""The kill harness of `trueup bench kills`, briefly; `make kills` plays it a thousand times."""

import os

import pytest

from controller.bench.kills import bench_kills

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

SEED = int(os.environ.get("TRUEUP_TEST_SEED", "20261126"))


def test_nothing_is_lost_and_nothing_made_twice_when_all_is_killed_at_random_instants() -> None:
    said: list[str] = []
    (case,) = bench_kills(4, said.append, seed=SEED).cases
    assert case.is_met, (case.detail, said)
    assert case.detail["kills"] == 4
