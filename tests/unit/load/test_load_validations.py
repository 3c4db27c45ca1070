"""Conditions of variables: ours says false only where Terraform refuses."""

import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.diagnostics.full import full
from controller.steps.load.conditions import is_fulfilled
from controller.steps.load.known_values import OPAQUE, as_input
from controller.steps.load.module_types import read_type
from controller.steps.load.modules import read_module
from controller.steps.load.regexes import compile_pattern
from schemas.references import FromOutput
from tests.unit.load.load_repositories import codes, load_with

Row = tuple[str, object, str, bool | None]
TRUE, FALSE, UNKNOWN = True, False, None

# A type, a value, a condition on `var.x`, and what we say of it.
TABLE: list[Row] = [
    ("string", "a", 'contains(["a", "b"], var.x)', TRUE),
    ("string", "c", 'contains(["a", "b"], var.x)', FALSE),
    ("string", 5, 'contains(["5"], var.x)', TRUE),
    ("string", "5", "contains([5], var.x)", FALSE),
    ("number", "5", "contains([5], var.x)", TRUE),
    ("number", 5.0, "var.x == 5", TRUE),
    ("number", 5, 'var.x == "5"', FALSE),
    ("string", "5", "var.x > 4", TRUE),
    ("string", "5", "var.x > 5 || var.x < 5", FALSE),
    ("number", 0.1, "var.x >= 0.1 && var.x <= 0.1", TRUE),
    ("number", 0.1, "var.x + 0.2 == 0.3", UNKNOWN),
    ("number", 7, "var.x % 2 == 0", FALSE),
    ("number", 8, "var.x / 2 == 4 && -var.x == -8 && var.x * 2 - 1 == 15", TRUE),
    ("number", 2.5, "floor(var.x) == var.x", FALSE),
    ("number", -2.5, "floor(var.x) == -3 && ceil(var.x) == -2 && abs(var.x) == 2.5", TRUE),
    ("number", 3, "max(1, var.x) == 3 && min(1, var.x) == 1", TRUE),
    ("number", 9, "!(var.x > 1 && var.x < 10)", FALSE),
    ("number", 1, "var.x > 0 ? var.x > 5 : true", FALSE),
    ("bool", "true", "!var.x", FALSE),
    ("bool", True, 'var.x == "true"', FALSE),
    ("string", "abc\n", 'can(regex("^abc$", var.x))', FALSE),
    ("string", "xabcx", 'can(regex("abc", var.x))', TRUE),
    ("string", "a\u000bb", 'can(regex("^a\\\\sb$", var.x))', FALSE),
    ("string", "a b", 'can(regex("^a\\\\sb$", var.x))', TRUE),
    ("string", "A_1", 'can(regex("^\\\\w+$", var.x))', TRUE),
    ("string", "x\n", 'can(regex("^x[^a]$", var.x))', TRUE),
    ("string", "x\n", 'can(regex("^x.$", var.x))', FALSE),
    ("string", "a-b", 'can(regex("^[a-z-]{1,3}$", var.x))', TRUE),
    ("string", "abab", 'can(regex("^(?:ab){3,}$", var.x))', FALSE),
    ("string", "ab", 'can(regex("^(a|b|)+?$", var.x))', TRUE),
    ("string", "]", 'can(regex("^[]]$", var.x))', TRUE),
    ("string", "AB", 'can(regex("(?i)^ab$", var.x))', UNKNOWN),
    ("string", "ab", 'can(regex("^a**$", var.x))', UNKNOWN),
    ("string", "a{", 'can(regex("^a{$", var.x))', UNKNOWN),
    ("string", "ß", 'can(regex("^[a-z]$", var.x))', UNKNOWN),
    ("string", "ab", 'regex("^[a-z]+$", var.x) == "ab"', UNKNOWN),
    ("string", "ab", 'length(regexall("[0-9]", var.x)) > 0', FALSE),
    ("string", None, "var.x != null", FALSE),
    ("string", None, "var.x == null || length(var.x) > 3", UNKNOWN),
    ("string", None, "var.x == null || try(length(var.x) > 3, false)", TRUE),
    ("string", None, "try(length(var.x) > 3, false)", FALSE),
    ("string", None, 'can(regex("a", var.x))', FALSE),
    ("string", "", 'var.x == null ? true : startswith(var.x, "/")', FALSE),
    ("string", " aB ", 'trimspace(lower(var.x)) == "ab" && upper(var.x) == " AB "', TRUE),
    ("string", "1a", "can(tonumber(var.x))", UNKNOWN),
    ("string", "q", "can(tonumber(var.x))", FALSE),
    ("number", 12, 'tostring(var.x) == "13"', FALSE),
    ("string", "10.0.0.0/8", "can(cidrhost(var.x, 0)) && can(cidrnetmask(var.x))", TRUE),
    ("string", "10.0.0.0/33", "can(cidrhost(var.x, 0))", FALSE),
    ("string", "10.0.0.0", "can(cidrnetmask(var.x))", FALSE),
    ("string", "10.0.0.256/8", "can(cidrnetmask(var.x))", FALSE),
    ("string", "10.0.0.01/8", "can(cidrnetmask(var.x))", UNKNOWN),
    ("string", "::/0", "can(cidrhost(var.x, 0))", UNKNOWN),
    ("list(string)", ["a"], "var.x == []", UNKNOWN),
    ("list(string)", [], "length(var.x) > 0", FALSE),
    ("list(string)", [1, 2], 'alltrue([for e in var.x : contains(["1"], e)])', FALSE),
    ("list(string)", ["a", "b"], 'anytrue([for i, e in var.x : i == 1 && e == "b"])', TRUE),
    ("list(string)", ["a", "b"], 'length([for e in var.x : e if e != "a"]) == 2', FALSE),
    ("list(string)", ["a", "a"], "length(distinct(var.x)) == length(var.x)", FALSE),
    ("list(string)", ["a"], 'length(setsubtract(var.x, ["b"])) == 0', FALSE),
    ("list(string)", ["a"], "can(var.x[1])", FALSE),
    ("list(string)", ["a", "b"], 'join("-", var.x) == "a-b" && var.x[0] == "a"', TRUE),
    ("set(string)", ["a", "a"], "length(var.x) == 2", FALSE),
    ("set(number)", [3, 1], "length(var.x) == 2 && contains(var.x, 3)", TRUE),
    ("map(string)", {"aws:x": "1"},
     'alltrue([for k in keys(var.x) : !startswith(k, "aws:")])', FALSE),
    ("map(string)", {"a": 1}, 'alltrue([for k, v in var.x : v == "1"])', TRUE),
    ("map(number)", {"a": 1}, "length(values(var.x)) == 1 && var.x.a == 2", FALSE),
    ("map(string)", {}, 'can(var.x["b"])', FALSE),
    ("object({a=number, b=optional(string)})", {"a": 1}, "var.x.b != null", FALSE),
    ("object({a=optional(number, 3)})", {}, "var.x.a == 4", UNKNOWN),
    ("object({a=number})", {"a": 2}, "var.x.a >= 3", FALSE),
    ("list(object({a=list(string)}))", [{"a": ["x"]}],
     'alltrue(flatten([for e in var.x : [for i in e.a : endswith(i, "y")]]))', FALSE),
    ("any", "a", 'var.x == "b"', FALSE),
    ("any", [1, "a"], "length(var.x) == 3", FALSE),
    ("string", "a/b", 'tonumber(split("/", "1/24")[1]) > 25', FALSE),
    ("string", "a", 'strcontains(var.x, "b")', FALSE),
    ("string", "ami-1", 'length(var.x) > 4 && substr(var.x, 0, 4) == "ami-"', TRUE),
    ("string", "am", 'substr(var.x, 0, 4) == "ami-" || substr(var.x, 2, 1) != ""', FALSE),
    ("string", "a", 'md5(var.x) == "b"', UNKNOWN),
    ("string", "a", '"${var.x}b" == "c"', UNKNOWN),
    ("string", "a", "var.x == local.y", UNKNOWN),
]  # fmt: skip
NOT_FOR_TERRAFORM = {"var.x == local.y"}


def frozen(value: object) -> object:
    match value:
        case list():
            return tuple(map(frozen, value))
        case dict():
            return {key: frozen(inner) for key, inner in value.items()}
        case _:
            return value


def ours(kind: str, value: object, condition: str) -> bool | None:
    return is_fulfilled(condition, "x", as_input(frozen(value), read_type(kind)))


@pytest.mark.parametrize(("kind", "value", "condition", "said"), TABLE)
def test_a_condition_is_true_false_or_not_known(
    kind: str, value: object, condition: str, said: bool | None
) -> None:
    assert ours(kind, value, condition) is said


def refused_by_terraform(folder: Path, rows: dict[int, Row]) -> dict[int, set[str]]:
    """Plan with each row as a variable of its own; give what is said of the refused ones."""
    lines: list[str] = []
    for index, (kind, _, condition, _) in rows.items():
        own = condition.replace("var.x", f"var.x{index}")
        if f"var.x{index}" not in own:
            own = f"({own}) && (var.x{index} == var.x{index})"
        lines += [f'variable "x{index}" {{', f"type = {kind}", "validation {"]
        lines += [f"condition = {own}", 'error_message = "no"', "}", "}"]
    (folder / "main.tf").write_text("\n".join(lines), encoding="utf-8")
    values = (f'"x{index}": {json.dumps(row[1])}' for index, row in rows.items())
    (folder / "x.json").write_text("{" + ",\n".join(values) + "}", encoding="utf-8")
    command = ["terraform", "plan", "-json", "-input=false", "-var-file=x.json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    numbers = list(rows)
    refused: dict[int, set[str]] = {}
    for line in done.stdout.splitlines():
        told = json.loads(line)
        if told["type"] == "diagnostic" and told["diagnostic"]["severity"] == "error":
            place = told["diagnostic"]["range"]
            each = 7 if place["filename"] == "main.tf" else 1
            index = numbers[(place["start"]["line"] - 1) // each]
            refused.setdefault(index, set()).add(told["diagnostic"]["summary"])
    assert refused, done.stdout + done.stderr
    return refused


def test_terraform_refuses_exactly_what_is_false(tmp_path: Path) -> None:
    rows = {index: row for index, row in enumerate(TABLE) if row[2] not in NOT_FOR_TERRAFORM}
    # What is false for every value is told first, and alone.
    refused = refused_by_terraform(tmp_path, rows)
    rest = {index: row for index, row in rows.items() if index not in refused}
    refused |= refused_by_terraform(tmp_path, rest)
    wrong = [
        (row, refused.get(index))
        for index, row in rows.items()
        if row[3] is not None and (index in refused) is row[3]
    ]
    assert wrong == []
    said = {index for index, row in rows.items() if row[3] is False}
    summaries = {summary for index in said for summary in refused[index]}
    assert summaries == {"Invalid value for variable"}


def test_what_is_not_known_yet_is_no_fault() -> None:
    wanted = read_type("list(string)")
    known = as_input((FromOutput("a", "b"), "c"), wanted)
    assert known == (OPAQUE, "c")
    assert is_fulfilled("length(var.x) == 3", "x", known) is False
    assert is_fulfilled('alltrue([for e in var.x : e == "d"])', "x", known) is None
    assert (
        is_fulfilled("length(var.x) == 1", "x", as_input(known, read_type("set(string)"))) is None
    )


def test_a_pattern_that_takes_others_for_ever_is_quick() -> None:
    pattern = compile_pattern("^(a+)+$")
    assert pattern is not None
    assert not pattern.is_found_in("a" * 2000 + "b")
    assert compile_pattern("((a{99}){99}){99}") is None


PIECES = st.sampled_from(
    [*"()[]{}?:!,.", "var.x", "var.x[0]", "var.x.a", "1", '"a"', "null", "true", "&&", "||", "==",
     ">", "+", "/", "%", "for e in", "length(", "can(", "try(", "contains(", 'regex("a{2}", ',
     "alltrue(", "keys(", "flatten(", "min(", "split(", "toset(", "cidrhost(", "floor("]
)  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
SOME_TYPES = st.sampled_from(
    ["any", "string", "number", "bool", "list(any)", "set(any)", "map(string)", "object({a=any})"]
)


@settings(max_examples=150)
@given(st.lists(PIECES, max_size=12).map(" ".join), VALUES, SOME_TYPES)
def test_no_condition_and_no_value_breaks_the_reader(
    condition: str, value: object, kind: str
) -> None:
    assert ours(kind, value, condition) in {True, False, None}


@settings(max_examples=150)
@given(st.sampled_from([row[2] for row in TABLE]), VALUES, SOME_TYPES)
def test_a_right_condition_takes_any_value(condition: str, value: object, kind: str) -> None:
    assert ours(kind, value, condition) in {True, False, None}


SIZED = """variable "size" {
  type = number
  validation {
    condition     = var.size < 5
    error_message = <<-EOT
      Below \x1b 5,
      not ${var.size}.
    EOT
  }
}
"""
STACK = """apiVersion: platform/v1
kind: Stack
metadata: {name: shop-web, product: shop}
spec:
  module: modules/sized
"""


def test_an_input_is_checked_as_it_is_in_each_environment() -> None:
    files = {"modules/sized/main.tf": SIZED}
    over = "  inputs: {size: 9}\n  environments:\n    dev: {inputs: {size: 1}}\n"
    found = load_with({**files, "web.yaml": STACK + over})
    assert codes(found) == ["load/input-not-valid"]
    text = full(found.diagnostics)
    assert "web.yaml:6:18" in text
    assert "modules/sized/main.tf:3:1" in text
    assert "Below · 5, not …." in text
    over += "    production: {inputs: {size: 8}}\n"
    found = load_with({**files, "web.yaml": STACK + over})
    assert [each.span.line for each in found.diagnostics if each.span] == [9]
    over = over.replace("size: 8", "size: 2")
    assert codes(load_with({**files, "web.yaml": STACK + over})) == []


def test_override_files_replace_attributes_one_by_one() -> None:
    main = 'variable "a" {\n type = string\n default = "x"\n validation {\n'
    main += ' condition = var.a == "x"\n error_message = "no"\n }\n}\noutput "o" { value = 1 }\n'
    over = 'variable "a" { type = number }\noutput "o" { sensitive = true }\n'
    module, faults = read_module(
        "modules/x", {"z.tf": main.encode(), "a_override.tf": over.encode()}
    )
    assert faults == ()
    variable = module.variables["a"]
    assert (variable.type, variable.required, len(variable.validations)) == ("number", False, 1)
    assert module.outputs["o"].sensitive
