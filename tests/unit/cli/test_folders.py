"""`validate`, `render` and `plan`, with steps that are made up."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

from controller import wiring
from controller.diagnostics.diagnostic import Diagnostic, Severity
from controller.diagnostics.errors import ConfigurationWrong
from controller.diagnostics.span import Span
from controller.model.names import UnitName
from controller.model.plan import Action, AttributeChange, Plan, PlanBinding, ResourceChange
from controller.model.verdict import Level, PolicyFinding, Ruling, Verdict

UNIT = UnitName("shop", "dev", "shop-api")
WRONG = Diagnostic(
    code="load/unknown-key",
    message="`spec` has no key `replica`",
    span=Span("api.yaml", 12, 5, 12, 12),
    hint="did you mean `replicas`?",
    source="    replica: 3",
)


def plan_of(*changes):
    binding = PlanBinding("c" * 40, "w", "m", "u", "embedded 1.15.5", "", 0)
    return Plan(UNIT, "sha256:" + "3" * 64, binding, changes, (), outputs_change=False)


CHANGE = ResourceChange(
    "local_service.this", "local_service", Action.UPDATE,
    (AttributeChange("replicas", "1", "3"), AttributeChange("key", "canary", "canary", True)),
)  # fmt: skip


@pytest.fixture
def steps(monkeypatch):
    made = SimpleNamespace(
        validate=lambda path: SimpleNamespace(documents={}, diagnostics=()),
        render=lambda path, environment, stack, out: [f"{out}/{environment}/{stack or 'all'}"],
        plan=lambda path, environment, stack, data: [],
    )
    monkeypatch.setattr(wiring, "offline", made, raising=False)
    return made


def test_a_good_folder_is_valid(trueup, steps, folder):
    ended = trueup("validate", ".")
    assert (ended.code, ended.out, ended.err) == (0, "", "0 documents, 0 errors\n")


@pytest.mark.parametrize("form", ["text", "concise", "json", "sarif", "github"])
def test_what_is_wrong_is_told_in_each_format(trueup, steps, form):
    steps.validate = lambda path: SimpleNamespace(documents={}, diagnostics=(WRONG,))
    ended = trueup("validate", ".", "--format", form)
    assert ended.code == 1
    assert "load/unknown-key" in ended.out
    if form in {"json", "sarif"}:
        json.loads(ended.out)


def test_a_warning_does_not_refuse(trueup, steps):
    warning = Diagnostic("load/x", "odd", severity=Severity.WARNING)
    steps.validate = lambda path: SimpleNamespace(documents={1: 2}, diagnostics=(warning,))
    ended = trueup("validate", ".")
    assert (ended.code, ended.err) == (0, "1 document, 0 errors, 1 warning\n")


def test_a_folder_that_is_not_there_is_wrong_use(trueup, steps):
    assert trueup("validate", "nowhere").code == 64


def test_every_diagnostic_of_an_error_is_told(trueup, steps):
    def refuse(*_):
        raise ConfigurationWrong([WRONG, WRONG])

    steps.plan = refuse
    ended = trueup("plan", ".")
    assert ended.code == 1
    assert ended.err.count("api.yaml:12:5") == 2
    assert ended.err.count("hint: did you mean `replicas`?") == 2


def test_workspaces_are_named(trueup, steps):
    ended = trueup("render", ".", "-e", "dev", "--out", "w")
    assert (ended.code, ended.out) == (0, "w/dev/all\n")


def test_a_plan_is_shown_with_its_verdict(trueup, steps, snapshot):
    finding = PolicyFinding("protected", Level.APPROVAL, "`local_service.this` is protected")
    verdict = Verdict("sha256:" + "3" * 64, Ruling.NEEDS_APPROVAL, (finding,))
    steps.plan = lambda *_: [
        (UNIT, plan_of(CHANGE), verdict, None),
        (UnitName("shop", "dev", "shop-db"), plan_of(), None, None),
    ]
    ended = trueup("plan", ".")
    assert ended.code == 0
    assert "canary" not in ended.out
    snapshot("cli/plan.txt", ended.out)
    as_json = trueup("plan", ".", "-o", "json")
    assert "canary" not in as_json.out
    assert json.loads(as_json.out)[0]["ruling"] == "needs-approval"


def test_a_plan_says_when_nobody_knows_whether_a_provider_moved(trueup, steps):
    steps.plan = lambda *_: [
        (UNIT, replace(plan_of(), is_origin_noted=False), None, None),
        (UNIT, replace(plan_of(), moved=("`aws`: `region` a → b",)), None, None),
    ]
    assert "not known: whether its providers look elsewhere" in trueup("plan", ".").out
    plain = json.loads(trueup("plan", ".", "-o", "json").out)
    assert [each["moved"] for each in plain] == [None, ["`aws`: `region` a → b"]]


@pytest.mark.parametrize(
    ("found", "words", "code"),
    [
        ([(UNIT, plan_of(CHANGE), None, None)], [], 0),
        ([(UNIT, plan_of(CHANGE), None, None)], ["--detailed-exitcode"], 2),
        ([(UNIT, plan_of(), None, None)], ["--detailed-exitcode"], 0),
        ([(UNIT, None, None, "the module is broken")], ["--detailed-exitcode"], 1),
        ([(UNIT, plan_of(CHANGE), Verdict("x", Ruling.DENIED), None)], [], 1),
        ([], [], 0),
    ],
)
def test_how_a_plan_ends(trueup, steps, found, words, code):
    steps.plan = lambda *_: found
    assert trueup("plan", ".", *words).code == code
