"""What an answer is worth that was not the first one for its release. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from controller.model.measurement import EarlierAnswer, GateResult, GateRuling
from controller.steps.gate.settle import MAJORITY, UNCLEAR

NO_MORE = (
    "it failed before, and passed only as it was asked again:"
    " a warning at best, until most of its answers agree"
)


def weigh(result: GateResult, earlier: Sequence[EarlierAnswer]) -> GateResult:
    """Give an answer with those before it, which count.

    Whoever asks until it passes gets a warning: after a fail, a pass stands only where more answers
    let the release through than do not, as two of three.
    """
    if not earlier:
        return result
    result = replace(result, earlier=tuple(earlier))
    reasons = (*result.reasons, result.told_earlier(), *(e.told() for e in earlier if e.by))
    proven = [each for each in earlier if each.ruling not in UNCLEAR]
    failed = sum(each.times for each in proven if each.ruling == GateRuling.FAIL)
    passed = 1 + sum(each.times for each in proven if each.ruling != GateRuling.FAIL)
    if result.ruling == GateRuling.PASS and failed and (passed < MAJORITY or passed <= failed):
        return replace(result, ruling=GateRuling.WARN, reasons=(NO_MORE, *reasons))
    return replace(result, reasons=reasons)
