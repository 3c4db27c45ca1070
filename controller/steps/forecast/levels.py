"""A jump of the level, as after a campaign or a merger: what lies before it is moved to today's.

Models would else take weeks to believe it, or take it for growth.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

BESIDE = 4
"""So many seasons on each side say how high the level is."""
FEWEST_AFTER = 1
CLEARLY = 9.0
"""A jump is so many times what seasons usually differ by, and at least `LEAST`."""
LEAST = 0.2
MOST = 7.0
"""A thousand times is another thing that is counted, no level of the same."""
MOST_JUMPS = 3
MOST_OF_IT = 0.7


def levelled(values: tuple[float, ...], season: int) -> tuple[float, ...]:
    """Give the series with what lies before a jump multiplied by it; itself when there is none."""
    for _ in range(MOST_JUMPS):
        jump = _jump(values, season)
        if jump is None:
            break
        at, factor = jump
        values = (*(value * factor for value in values[:at]), *values[at:])
    return values


def _jump(values: Sequence[float], season: int) -> tuple[int, float] | None:
    """Give the clearest jump: where, and by what factor; None when no level is far from another."""
    offset = len(values) % season
    blocks = [
        median(values[at : at + season]) for at in range(offset, len(values) - season + 1, season)
    ]
    if len(blocks) < BESIDE + FEWEST_AFTER or min(blocks) <= 0:
        return None
    logs = [math.log(block) for block in blocks]
    steps = [abs(after - before) for before, after in pairwise(logs)]
    usual = median(steps)
    found = []
    for at in range(BESIDE, len(logs) - FEWEST_AFTER + 1):
        before, after = logs[at - BESIDE : at], logs[at : at + BESIDE]
        jump = median(after) - median(before)
        if max(LEAST, CLEARLY * usual) < abs(jump) < MOST and _is_sudden(logs, at, jump):
            found.append((abs(jump), offset + at * season, math.exp(jump)))
    best = max(found, default=None)
    return (best[1], best[2]) if best else None


def _is_sudden(logs: Sequence[float], at: int, jump: float) -> bool:
    """Tell whether most of it comes from one season to the next but one: no slope does that."""
    across = logs[min(at + 1, len(logs) - 1)] - logs[at - 1]
    return across / jump > MOST_OF_IT
