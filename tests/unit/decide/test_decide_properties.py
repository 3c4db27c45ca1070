"""Whatever is asked: only a question with every proof promotes, and only a fail rolls back."""

from hypothesis import given, settings
from hypothesis import strategies as st

from controller.model.decision import DecisionKind
from controller.model.measurement import GateRuling
from controller.steps.decide.decide import decide
from controller.steps.decide.question import Answer, EarlierStage, Question
from tests.unit.decide.decide_questions import (
    DEV,
    NEW,
    NOW,
    OLD,
    OLDER,
    PRODUCTION,
    STAGING,
    approval,
    gate,
)

oks = st.sampled_from([True, True, True, False, None])
answers = st.builds(lambda ok: Answer(ok, () if ok else ("shop-api",)), oks)
releases = st.sampled_from([NEW, OLD, OLDER])
digests = st.none() | releases.map(lambda release: release.digest)
gates = st.lists(st.builds(gate, st.sampled_from(list(GateRuling)), releases), max_size=3).map(
    tuple
)
required = st.sampled_from([(), ("shop-load",)])
earlier = st.builds(
    EarlierStage,
    stage=st.sampled_from([DEV, STAGING]),
    release=digests,
    ready=answers,
    in_sync=answers,
    secrets=answers,
    gates_required=required,
    gates=gates,
)
approvals = st.lists(
    st.builds(approval, st.sampled_from(["ada", "grace", "linus"]), releases), max_size=3
).map(tuple)
questions = st.builds(
    Question,
    stage=st.just(PRODUCTION),
    candidate=st.just(NEW),
    previous=st.just(OLD.commit),
    current=digests,
    after=st.lists(earlier, max_size=2).map(tuple),
    gates_required=required,
    gates=gates,
    verified=st.none() | releases,
    rejected=digests,
    approvals_required=st.integers(0, 3),
    approvals=approvals,
    suspended=st.sampled_from([False, False, True, None]),
    held=st.sampled_from([None, None, "a sale"]),
)


def last(results, digest):
    of = [r.ruling for r in results if (r.gate, r.release) == ("shop-load", digest)]
    return of[-1] if of else None


@settings(deadline=None)
@given(questions)
def test_a_promotion_has_every_proof(question):
    decision = decide(question, NOW)
    if decision.kind != DecisionKind.PROMOTE:
        return
    assert question.suspended is False and question.held is None
    assert NEW.digest not in {question.current, question.rejected}
    people = {a.by for a in question.approvals if a.release == NEW.digest} - {"ada"}
    assert len(people) >= question.approvals_required
    for stage in question.after:
        assert stage.release == NEW.digest
        assert stage.ready.ok is True and stage.in_sync.ok is True and stage.secrets.ok is True
        if stage.gates_required:
            assert last(stage.gates, NEW.digest) in {GateRuling.PASS, GateRuling.WARN}
    assert all(item.ok is True for item in decision.items)


@settings(deadline=None)
@given(questions)
def test_a_way_back_needs_a_fail_here_and_a_verified_release(question):
    decision = decide(question, NOW)
    if decision.kind != DecisionKind.ROLL_BACK:
        return
    assert last(question.gates, question.current) == GateRuling.FAIL
    assert decision.release == question.verified
    assert question.verified.digest not in {question.current, question.rejected}
    assert question.suspended is False and question.held is None


@settings(deadline=None)
@given(questions)
def test_a_decision_says_what_is_awaited_in_one_line(question):
    decision = decide(question, NOW)
    assert decision.because.strip() and "\n" not in decision.because
    if decision.kind == DecisionKind.WAIT:
        assert any(item.ok is not True for item in decision.items)
    assert decide(question, NOW) == decision


@settings(deadline=None)
@given(questions, st.integers(0, 20))
def test_taking_a_proof_away_never_promotes(question, which):
    poorer = [
        {"suspended": None},
        {"held": "x"},
        {"approvals": question.approvals[1:]},
        {"after": tuple(_without_facts(stage) for stage in question.after)},
        {"after": (EarlierStage(DEV, None), *question.after)},
    ]
    change = poorer[which % len(poorer)]
    fields = {f: getattr(question, f) for f in question.__dataclass_fields__}
    less = decide(Question(**{**fields, **change}), NOW)
    if decide(question, NOW).kind != DecisionKind.PROMOTE:
        assert less.kind != DecisionKind.PROMOTE


def _without_facts(stage):
    return EarlierStage(stage.stage, stage.release, gates_required=("shop-load",))
