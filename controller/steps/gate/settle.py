"""How often a gate is asked until its answer stands. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from controller.model.measurement import GateResult, GateRuling, Measurement
from controller.steps.gate import validity
from controller.steps.gate.judge import Question, judge

MAJORITY = 2
"""Of three runs, when one of them says fail."""
MOST_UNPROVEN = 3
"""Runs that prove nothing, until that is the answer."""

UNCLEAR = frozenset({GateRuling.INVALID, GateRuling.UNKNOWN})


def answer(question: Question, taken: Sequence[Measurement], runs: int) -> GateResult | None:
    """Give the gate's answer from all runs that were made, in their order; None: one more is due.

    A function of what was made, so that a controller that was killed between two runs goes on.
    """
    if taken and question.baseline.missing:
        result = judge(question, taken)
        if result.ruling == GateRuling.UNKNOWN:  # another run would not change that
            return result
    if runs == 1:
        return settle([judge(question, [run]) for run in taken])
    together: list[Measurement] = []
    spent = 0
    for run in taken:
        together.append(run)
        if len(together) < runs:
            continue
        result = judge(question, together)
        again = unproven(together) if result.ruling == GateRuling.INVALID else ()
        spent += len(again)
        if not again or spent >= MOST_UNPROVEN:
            return result
        together = [one for place, one in enumerate(together) if place not in again]
    return None


def settle(results: Sequence[GateResult]) -> GateResult | None:
    """Give the answer of a gate that is asked with one run at a time; None: once more.

    One run that says fail may be the noise of a busy machine, so it is asked for again, and two of
    three decide. A run that proves nothing is asked for again, too; after some of them it stands.
    """
    proven = [r for r in results if r.ruling not in UNCLEAR]
    failed = [r for r in proven if r.ruling == GateRuling.FAIL]
    passed = [r for r in proven if r.ruling != GateRuling.FAIL]
    if len(failed) >= MAJORITY:
        return _of_several(failed[-1], len(failed), len(proven))
    if passed and (not failed or len(passed) >= MAJORITY):
        return _of_several(passed[-1], len(passed), len(proven))
    if len(results) - len(proven) >= MOST_UNPROVEN:
        return next(r for r in reversed(results) if r not in proven)
    return None


def unproven(runs: Sequence[Measurement]) -> tuple[int, ...]:
    """Give the places of runs that have to be made again, where a gate takes several together."""
    hard = [n for n, run in enumerate(runs) if validity.problems(run)]
    doubtful = [n for n, run in enumerate(runs) if validity.doubts(run)]
    busy = [n for n, run in enumerate(runs) if validity.disturbed(run)]
    return tuple(hard or doubtful or busy)


def _of_several(result: GateResult, agreed: int, runs: int) -> GateResult:
    if runs == 1:
        return result
    return replace(result, reasons=(*result.reasons, f"{agreed} of {runs} runs say so"))
