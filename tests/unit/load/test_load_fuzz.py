"""Two thousand mutilated repositories; `make fuzz` runs a million of other seeds."""

import pytest

from controller.bench.fuzz import SLOWEST, run_seed


@pytest.mark.parametrize("seed", range(3))
def test_nothing_breaks_and_everything_is_told_in_every_format(seed: int) -> None:
    found = run_seed(seed, 400)
    assert found.broken == ()
    assert found.diagnostics > found.cases
    assert found.slowest < 5 * SLOWEST
