"""A gate's answer ↔ all that it was judged from: kept as evidence, and judged again from it. Pure.

The runs alone do not say why a gate said pass: which objectives there were then, and beside which
runs, is evidence as they are. Who signs a release gets the same answer from the same runs.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pydantic import TypeAdapter, ValidationError

from controller.model import canonical
from controller.model.measurement import EarlierAnswer, GateResult, Measurement
from controller.model.names import Digest
from controller.model.record import Check, Recomputed
from controller.steps.gate.asked_again import weigh
from controller.steps.gate.baseline import FEWEST_RUNS, Baseline
from controller.steps.gate.judge import JUDGE, OLDEST_JUDGE, Question, Score
from controller.steps.gate.objectives import Objective
from controller.steps.gate.settle import answer


@dataclass(frozen=True)
class Judged:
    """How the runs of one answer were judged."""

    load_test: str
    release: Digest
    objectives: tuple[Objective, ...]
    measurements: tuple[Digest, ...]
    """Of all runs, in their order."""
    score: Score | None = None
    runs: int = 1
    """How many of them are taken together."""
    baseline: tuple[Digest, ...] = ()
    missing: str = ""
    absent: str = ""
    is_forgiving: bool = False
    earlier: tuple[EarlierAnswer, ...] = ()
    judge: int = JUDGE
    """The number of the judge."""


_JUDGED = TypeAdapter(Judged)
_MEASUREMENT = TypeAdapter(Measurement)
_RESULT = TypeAdapter(GateResult)


def judged(
    question: Question,
    measurements: Sequence[Digest],
    runs: int,
    earlier: tuple[EarlierAnswer, ...] = (),
) -> Judged:
    """Give how runs were judged, from what was asked of them."""
    compared = question.baseline
    return Judged(
        question.gate, question.release, question.objectives, tuple(measurements),
        question.score, runs, compared.digests, compared.missing, compared.absent,
        compared.is_forgiving, earlier,
    )  # fmt: skip


def write_judged(told: Judged) -> bytes:
    """Give the evidence; the same judgement gives the same bytes."""
    return canonical.write(_JUDGED.dump_python(told, mode="json")).encode()


def read_judged(content: bytes) -> Judged:
    """Read the evidence. Raises ValueError for what is none."""
    try:
        return _JUDGED.validate_json(content)
    except ValidationError as error:
        raise ValueError("it does not say how runs were judged") from error


def judge_again(
    told: Judged, runs: Sequence[Measurement], baseline: Sequence[Measurement]
) -> GateResult | None:
    """Give the answer that the same runs have by the judge who judged them; None: one more is due.

    A gate's answer is made by this, so that it is one that can be made again. For a judge that is
    not known here the one of this version stands in.
    """
    compared = Baseline(
        tuple(baseline), told.baseline, told.missing, told.absent, told.is_forgiving
    )
    number = told.judge if OLDEST_JUDGE <= told.judge <= JUDGE else JUDGE
    question = Question(told.load_test, told.objectives, told.release, compared, told.score, number)
    found = answer(question, runs, told.runs)
    if found is None:
        return None
    found = weigh(found, told.earlier)
    return replace(found, measurements=told.measurements, baseline=told.baseline)


def recompute(said: GateResult, kept: Mapping[Digest, bytes]) -> Recomputed:
    """Judge an answer again from what is kept of it, by address; what is not there is not known."""
    name = f"gate {said.gate}"
    if not said.measurements and not said.ruling.lets_through:
        return Recomputed(Check(name, ok=True, said=f"it said {said.ruling} without a run"))
    if said.judged is None:
        why = "an earlier version did not keep how the runs were judged"
        return Recomputed(Check(name, ok=None, said=f"not recomputed: {why}"))
    needed = dict.fromkeys((said.judged, *said.measurements, *said.baseline))
    for digest in needed:
        content = kept.get(digest)
        if content is not None and _digest(content) != digest:
            return _refused(name, f"{digest} is not what its digest says: it was changed")
    gone = [digest for digest in needed if digest not in kept]
    if gone:
        more = f", and {len(gone) - 1} more" if gone[1:] else ""
        why = f"not recomputed: {gone[0]} is not there{more}"
        return Recomputed(Check(name, ok=None, said=why))
    try:
        told = read_judged(kept[said.judged])
        runs = [_MEASUREMENT.validate_json(kept[each]) for each in said.measurements]
        baseline = [_MEASUREMENT.validate_json(kept[each]) for each in said.baseline]
    except ValueError:
        return _refused(name, "what its digests name is no measurement, or no judgement")
    strange = _strange(said, told, runs, baseline)
    return _refused(name, strange) if strange else _compared(name, said, told, runs, baseline)


def _compared(
    name: str,
    said: GateResult,
    told: Judged,
    runs: Sequence[Measurement],
    baseline: Sequence[Measurement],
) -> Recomputed:
    try:
        again = judge_again(told, runs, baseline)
    except (ArithmeticError, LookupError, ValueError) as error:
        return _refused(name, f"what it names cannot be judged: {error}")
    wrong = _differs(said, again)
    if not OLDEST_JUDGE <= told.judge <= JUDGE:
        today = f"says otherwise: {wrong}" if wrong else "says the same"
        said_so = f"judge {told.judge} judged it; judge {JUDGE} of this version {today}"
        return Recomputed(Check(name, ok=None, said=said_so), is_other_judge=True)
    if wrong:
        return _refused(name, wrong)
    beside = f" beside {len(said.baseline)} of the baseline" if said.baseline else ""
    from_runs = f"{len(runs)} run{'s' if runs[1:] else ''}{beside}"
    by = "" if told.judge == JUDGE else f" by the rule of judge {told.judge}"
    return Recomputed(Check(name, ok=True, said=f"judged anew from {from_runs}{by}: {said.ruling}"))


def _strange(
    said: GateResult, told: Judged, runs: Sequence[Measurement], baseline: Sequence[Measurement]
) -> str:
    """Say what no gate would have judged together; empty when nothing is strange."""
    if (said.gate, said.release) != (told.load_test, told.release):
        return "it was judged of another gate, or of another release"
    if (said.measurements, said.baseline) != (told.measurements, told.baseline):
        return "other runs, or another baseline, were judged than it names"
    if any(run.load_test != said.gate for run in (*runs, *baseline)):
        return "a run is of another load test"
    if len({run.load for run in (*runs, *baseline)}) > 1:
        return "its runs, or those of its baseline, were not made with the same load"
    if baseline and len(baseline) < FEWEST_RUNS:
        return "one run is no baseline"
    return ""


def _differs(said: GateResult, again: GateResult | None) -> str:
    """Say how an answer differs from the one that was made again; empty when it does not."""
    if again is None:
        return "its runs are too few for an answer"
    if again.ruling != said.ruling:
        return f"it says {said.ruling}, and its runs say {again.ruling}: {again.reasons[0]}"
    is_same = _words(again) == _words(_as_judged(said, again))
    return "" if is_same else "its score or its words are not what its runs say"


def _as_judged(said: GateResult, again: GateResult) -> GateResult:
    """Give an answer as the judge gave it: without what was added, or left out for its size."""
    return replace(
        said, evidence=None, judged=None, warnings=(), report=None, asks=0,
        objectives=said.objectives or again.objectives,
    )  # fmt: skip


def _words(result: GateResult) -> bytes:
    return _RESULT.dump_json(result)


def _refused(name: str, why: str) -> Recomputed:
    return Recomputed(Check(name, ok=False, said=why))


def _digest(content: bytes) -> Digest:
    return Digest(f"sha256:{hashlib.sha256(content).hexdigest()}")
