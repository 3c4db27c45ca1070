"""Which blocks of before are which of after.

Terraform writes a set of blocks as a list, in an order that follows their values. One block more or
less moves the others, and compared place by place a rule that was added would read as another one
that was changed.
"""

import json
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any

MOST_COMPARED = 250_000
"""Of pairs: beyond that, place by place, for the time would grow with their square."""

Pair = tuple[int | None, int | None]


def pair_blocks(before: Sequence[Any], after: Sequence[Any]) -> Iterator[Pair]:
    """Give the places of what belongs together; None where one side has no such block."""
    places = range(len(before)), range(len(after))
    is_small = len(before) * len(after) <= MOST_COMPARED
    if not is_small or not all(isinstance(block, dict) for block in (*before, *after)):
        yield from zip_longest(*places)
        return
    then, now = ([json.dumps(block, sort_keys=True) for block in side] for side in (before, after))
    steps = SequenceMatcher(None, then, now, autojunk=False).get_opcodes()
    for _, start, end, start_after, end_after in steps:
        yield from zip_longest(range(start, end), range(start_after, end_after))
