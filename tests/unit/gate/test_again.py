"""A gate's answer is made again from its evidence, and a change of either is found."""

import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from controller.model.measurement import EarlierAnswer, GateResult, GateRuling, Measurement
from controller.model.names import Digest
from controller.steps.gate import again as again_step
from controller.steps.gate.again import judge_again, judged, recompute, write_judged
from controller.steps.gate.asked_again import NO_MORE
from controller.steps.gate.baseline import Baseline
from controller.steps.gate.judge import JUDGE, OLDEST_JUDGE, Question, Score
from controller.steps.gate.objectives import Objective
from schemas.limits import read_limits
from tests.unit.gate.gate_measurements import RELEASE, healthy

CASES = Path(__file__).parents[2] / "cases" / "gate"
MEASUREMENT, RESULT = TypeAdapter(Measurement), TypeAdapter(GateResult)
OBJECTIVES = (
    Objective("p95", read_limits(["<150ms", "<=+10%"]), read_limits("<=+20%"), weight=2.0),
    Objective("throughput", read_limits(">30/s"), key=True),
)


def kept(store, content):
    digest = Digest("sha256:" + hashlib.sha256(content).hexdigest())
    store[digest] = content
    return digest


def answered(new, old=(), earlier=(), **asked):
    """Give an answer as a gate keeps it, and the store that holds what it was made from."""
    store = {}
    base = tuple(kept(store, MEASUREMENT.dump_json(run)) for run in old)
    compared = Baseline(tuple(old), base) if old else Baseline(absent="nothing was verified yet")
    question = Question("shop-load", OBJECTIVES, RELEASE, compared, **asked)
    how = judged(
        question, [kept(store, MEASUREMENT.dump_json(run)) for run in new], len(new), earlier
    )
    result = judge_again(how, new, old)
    assert result is not None
    digest = kept(store, write_judged(how))
    return replace(
        result, evidence=how.measurements[-1], judged=digest, warnings=("drifts",)
    ), store


NEW = [healthy(0.02), healthy(0.021), healthy(0.022)]
OLD = [healthy(0.0201), healthy(0.0211), healthy(0.0221)]
SLOW = [healthy(0.04), healthy(0.041), healthy(0.042)]
BUSY = [replace(run, generator_cpu=2.0) for run in NEW]


@pytest.mark.parametrize(("new", "ruling"), [(NEW, "pass"), (SLOW, "fail"), (BUSY, "invalid")])
def test_what_a_gate_said_is_said_again(new, ruling):
    said, store = answered(new, OLD, score=Score(90, 75))
    assert said.ruling == ruling
    found = recompute(said, store)
    assert found.check.ok is True
    thinned = recompute(replace(said, objectives=()), store)  # as in a record that grew too large
    assert thinned.check.ok is True


def test_who_seals_another_verdict_is_found_by_the_runs():
    said, store = answered(SLOW, OLD)
    found = recompute(replace(said, ruling=GateRuling.PASS), store)
    assert found.check.ok is False
    assert "it says pass, and its runs say fail: p95 of all requests" in found.check.said
    for wrong in (
        replace(said, reasons=("all is well",)), replace(said, score=99.0),
        replace(said, objectives=said.objectives[:1]), replace(said, gate="other"),
        replace(said, release=Digest("sha256:" + "0" * 64)),
    ):  # fmt: skip
        assert recompute(wrong, store).check.ok is False


def test_a_measurement_that_was_changed_is_refused():
    said, store = answered(SLOW, OLD)
    run = said.measurements[0]
    store[run] = MEASUREMENT.dump_json(NEW[0])
    assert "is not what its digest says" in recompute(said, store).check.said
    forged = kept(store, MEASUREMENT.dump_json(NEW[0]))
    swapped = replace(said, measurements=(forged, *said.measurements[1:]))
    assert "other runs, or another baseline" in recompute(swapped, store).check.said


def test_another_baseline_or_easier_objectives_are_refused():
    said, store = answered(SLOW, OLD)
    slower = kept(store, MEASUREMENT.dump_json(healthy(0.08)))
    swapped = replace(said, baseline=(slower, *said.baseline[1:]))
    assert "other runs, or another baseline" in recompute(swapped, store).check.said
    told = json.loads(store[said.judged])
    for changes in (
        {"baseline": [slower, *said.baseline[1:]]},
        {"objectives": [{**told["objectives"][0], "passes": "<900ms"}]},
        {"baseline": [said.baseline[0]]}, {"runs": 2}, {"load_test": "other"},
    ):  # fmt: skip
        how = kept(store, json.dumps({**told, **changes}).encode())
        more = {"baseline": tuple(changes["baseline"])} if "baseline" in changes else {}
        assert recompute(replace(said, judged=how, **more), store).check.ok is False
    of_other_load = kept(store, MEASUREMENT.dump_json(replace(OLD[0], load="sha256:other")))
    mixed = (of_other_load, *said.baseline[1:])
    how = kept(store, json.dumps({**told, "baseline": mixed}).encode())
    found = recompute(replace(said, judged=how, baseline=mixed), store)
    assert "with the same load" in found.check.said


def test_a_limit_is_kept_as_it_was_written_and_can_not_hold_another_number():
    how = json.loads(answered(NEW, OLD)[1][answered(NEW, OLD)[0].judged])
    assert [o["passes"] for o in how["objectives"]] == [["<150ms", "<=+10%"], ">30/s"]
    assert [o["warns"] for o in how["objectives"]] == ["<=+20%", []]


def test_what_is_gone_or_was_judged_by_others_is_called_neither_right_nor_wrong(
    monkeypatch,
):
    said, store = answered(NEW, OLD)
    for digest in (said.judged, said.measurements[1], said.baseline[0]):
        found = recompute(said, {key: value for key, value in store.items() if key != digest})
        assert (found.check.ok, found.is_other_judge) == (None, False)
        assert f"not recomputed: {digest} is not there" in found.check.said
    assert recompute(replace(said, judged=None), store).check.ok is None
    assert recompute(GateResult("g", RELEASE, GateRuling.PASS, ()), {}).check.ok is None
    assert recompute(GateResult("g", RELEASE, GateRuling.UNKNOWN, ()), {}).check.ok is True
    monkeypatch.setattr(again_step, "OLDEST_JUDGE", JUDGE + 1)
    for answer, today in ((said, "says the same"), (replace(said, score=9.0), "says otherwise")):
        found = recompute(answer, store)
        assert (found.check.ok, found.is_other_judge) == (None, True)
        assert today in found.check.said


FAILED = EarlierAnswer(GateRuling.FAIL, "p95 was 400 ms", "casey")
PASSED = EarlierAnswer(GateRuling.PASS, "p95 was 20 ms", "casey")
NOTHING = EarlierAnswer(GateRuling.INVALID, "too few", times=3)


@pytest.mark.parametrize(
    ("earlier", "ruling"),
    [
        ((), "pass"), ((NOTHING,), "pass"), ((PASSED,), "pass"), ((FAILED,), "warn"),
        ((FAILED, NOTHING), "warn"), ((FAILED, PASSED), "pass"), ((PASSED, FAILED), "pass"),
        ((FAILED, FAILED, PASSED), "warn"), ((FAILED, FAILED, PASSED, PASSED), "pass"),
    ],
)  # fmt: skip
def test_who_asks_until_it_passes_gets_a_warning_unless_most_answers_agree(earlier, ruling):
    said, store = answered(NEW, earlier=earlier)
    assert said.ruling == ruling
    assert (NO_MORE in said.reasons[:1]) == (ruling == "warn")
    assert recompute(said, store).check.ok is True
    if earlier:
        forgotten = replace(said, earlier=())
        assert recompute(forgotten, store).check.ok is False


def test_how_often_it_was_asked_is_told_in_words():
    said, _ = answered(SLOW, earlier=(FAILED, NOTHING))
    assert said.told_earlier() == (
        "the fifth answer for this release; before it: fail, invalid, 3 times"
    )
    assert said.reasons[-2:] == (
        said.told_earlier(), "casey asked for it again after fail: p95 was 400 ms",
    )  # fmt: skip


def test_what_is_no_judgement_is_refused():
    said, store = answered(NEW, OLD)
    told = json.loads(store[said.judged])
    no_limit = {**told, "objectives": [{**told["objectives"][0], "passes": []}]}
    for content in ({"load_test": "shop-load"}, no_limit):
        how = kept(store, json.dumps(content).encode())
        assert recompute(replace(said, judged=how), store).check.ok is False


@pytest.mark.parametrize("file", sorted(CASES.glob("*.json")), ids=lambda file: file.stem)
def test_an_answer_of_an_earlier_day_is_still_given_alike(file):
    """When it is not, an answer of the judge has changed: raise `JUDGE`, and add cases of today.

    Judges before number 2 are not kept; that one is, with its rule.
    """
    told = json.loads(file.read_text())
    store = {digest: text.encode() for digest, text in told["store"].items()}
    found = recompute(RESULT.validate_python(told["said"]), store)
    is_kept = int(file.stem.rpartition("-")[2]) >= OLDEST_JUDGE
    assert (found.check.ok, found.is_other_judge) == ((True, False) if is_kept else (None, True))


def test_there_is_a_case_of_each_ruling_by_the_present_judge():
    """`TRUEUP_TEST_SNAPSHOTS=1` writes what is not there."""
    bad = replace(NEW[0], generator_lag=90.0, errors=(("GET /x: 500", 3),))
    made = {
        "pass": (NEW, OLD),
        "warn": (SLOW, OLD),
        "fail": (SLOW, OLD),
        "invalid": ([bad] * 3, OLD),
    }
    for ruling, (new, old) in made.items():
        more = {"score": Score(90, 30)} if ruling == "warn" else {}
        said, store = answered(new, old, **more)
        assert said.ruling == ruling
        file = CASES / f"{ruling}-{JUDGE}.json"
        if os.environ.get("TRUEUP_TEST_SNAPSHOTS") and not file.exists():
            texts = {digest: content.decode() for digest, content in store.items()}
            answer = RESULT.dump_python(said, mode="json")
            file.write_text(json.dumps({"said": answer, "store": texts}, indent=1) + "\n")
        assert json.loads(file.read_text())["said"]["ruling"] == ruling
