"""One value, many forms."""

import json

import pytest

from controller.diagnostics.as_json import as_json
from controller.diagnostics.concise import concise
from controller.diagnostics.diagnostic import Diagnostic, Related, Severity
from controller.diagnostics.full import full
from controller.diagnostics.github import github
from controller.diagnostics.sarif import sarif
from controller.diagnostics.span import Span

FOUND = Diagnostic(
    code="load/unknown-reference",
    message="`payments` names the secret store `valut`, which is not there",
    span=Span("services/payments.yaml", 21, 12, 21, 17),
    expected="one of `aws-main`, `vault`",
    hint="did you mean `vault`?",
    related=(Related("`vault` is declared here", Span("stores/vault.yaml", 3, 9, 3, 14)),),
    source="    store: valut",
)
NOWHERE = Diagnostic(code="load/wrong", message="nothing is there", severity=Severity.WARNING)


def test_the_full_form_shows_the_line_with_carets_and_both_ends() -> None:
    assert full([FOUND, NOWHERE]) == (
        "error[load/unknown-reference]: `payments` names the secret store `valut`, "
        "which is not there\n"
        "  --> services/payments.yaml:21:12\n"
        "   |\n"
        "21 |     store: valut\n"
        "   |            ^^^^^ expected one of `aws-main`, `vault`\n"
        "\n"
        "note: `vault` is declared here: stores/vault.yaml:3:9\n"
        "hint: did you mean `vault`?\n"
        "\n"
        "warning[load/wrong]: nothing is there\n"
    )


def test_nothing_gives_nothing() -> None:
    assert (full([]), concise([]), github([])) == ("", "", "")


def test_more_than_can_be_read_is_counted() -> None:
    assert full([NOWHERE] * 5, most=2).endswith("\n\n… and 3 more\n")


@pytest.mark.parametrize(
    ("source", "column", "end", "line_of_carets"),
    [
        ("a: b", 4, 5, "  |    ^"),
        ("\ta: b", 5, 6, "  | \t   ^"),
        ("名: b", 4, 5, "  |     ^"),
        ("a: 名前", 4, 6, "  |    ^^^^"),
        ("a:", 3, 3, "  |   ^"),
        ("", 1, 1, "  | ^"),
        ("a: b   ", 4, 8, "  |    ^"),
    ],
)
def test_carets_stand_under_what_is_meant(
    source: str, column: int, end: int, line_of_carets: str
) -> None:
    found = Diagnostic(code="x/y", message="m", span=Span("f", 1, column, 1, end), source=source)
    assert full([found]).splitlines()[4] == line_of_carets


def test_a_span_over_several_lines_is_marked_to_the_end_of_the_first() -> None:
    found = Diagnostic(code="x/y", message="m", span=Span("f", 1, 3, 4, 1), source="a: |")
    assert full([found]).splitlines()[4] == "  |   ^^"


def test_what_came_from_a_file_cannot_steer_a_terminal_or_a_log() -> None:
    text = "x\x1b[31m\r\n::error::owned\u202e"
    found = Diagnostic(
        code="x/y", message=text, span=Span(text, 1, 1, 1, 2), expected=text, hint=text,
        related=(Related(text, Span(text, 1, 1, 1, 1)),), source=text,
    )  # fmt: skip
    for written in (full([found]), concise([found]), github([found])):
        assert "\x1b" not in written
        assert "\u202e" not in written
        assert not any(line.startswith("::error::") for line in written.splitlines())


def test_the_concise_form_is_one_line_each() -> None:
    assert concise([FOUND, NOWHERE]).splitlines() == [
        (
            "services/payments.yaml:21:12: error[load/unknown-reference] `payments` names the "
            "secret store `valut`, which is not there; expected one of `aws-main`, `vault`"
        ),
        "warning[load/wrong] nothing is there",
    ]


def test_json_holds_every_field_but_the_source_line() -> None:
    first, second = json.loads(as_json([FOUND, NOWHERE]))["diagnostics"]
    assert first["code"] == FOUND.code
    assert first["span"] == {
        "path": "services/payments.yaml", "line": 21, "column": 12, "endLine": 21, "endColumn": 17,
    }  # fmt: skip
    assert first["related"][0]["message"] == "`vault` is declared here"
    assert "source" not in first
    assert (second["severity"], second["span"]) == ("warning", None)


def test_github_commands_are_escaped() -> None:
    found = Diagnostic(
        code="x/y", message="100% of a,b: c", span=Span("a,b:c%.yaml", 1, 2, 1, 4), hint="do it"
    )
    assert github([found]) == (
        "::error title=x/y,file=a%2Cb%3Ac%25.yaml,line=1,endLine=1,col=2,endColumn=4"
        "::100%25 of a,b: c; do it\n"
    )


def test_sarif_points_rules_and_places() -> None:
    report = json.loads(sarif([FOUND, NOWHERE], version="0.1.0"))
    assert report["version"] == "2.1.0"
    (run,) = report["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert rules == ["load/unknown-reference", "load/wrong"]
    first, second = run["results"]
    assert rules[first["ruleIndex"]] == first["ruleId"]
    assert (first["level"], second["level"]) == ("error", "warning")
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "services/payments.yaml"
    assert place["region"] == {"startLine": 21, "startColumn": 12, "endLine": 21, "endColumn": 17}
    assert "locations" not in second
