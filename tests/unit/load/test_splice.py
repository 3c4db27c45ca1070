"""One value of a document is set, and nothing else of its file."""

import difflib

import pytest

from controller.model.catalog import Reference
from controller.steps.load.splice import GONE, SpliceError, spliced

HEAD = "apiVersion: platform/v1\nkind: Stack\nmetadata: {name: api, product: shop}  # the api\n"
TEXT = (
    "# a file of two\n" + HEAD + """spec:
  module: modules/service
  inputs:
    replicas: 1            # one is enough
    quoted: "yes"
    single: 'it''s'

    env:
      GREETING: Hello   # said to everybody
      # the last one
      MODE: fast

    ports: [80, 443]
    flow: {a: 1, b: {c: x}}
    hosts:
      - one
      - two  # second
    empty: {}
    nothing:
    long: |
      some text
  environments:
    production: {inputs: {replicas: 3}}
---
""" + HEAD.replace("api", "db") + "spec: {module: modules/db}\n"
)  # fmt: skip
API = Reference("Stack", "shop", "api")
INPUTS = ("spec", "inputs")


def changed(*edits: tuple[tuple[str | int, ...], object], text: str = TEXT) -> list[str]:
    """Set values, and give the lines that differ."""
    after = spliced("a.yaml", text.encode(), API, edits).decode()
    lines = difflib.ndiff(text.splitlines(), after.splitlines())
    return [line for line in lines if line[0] in "+-"]


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        (("replicas",), 7, "    replicas: 7            # one is enough"),
        (("quoted",), "a: b", '    quoted: "a: b"'),
        (("single",), "isn't", "    single: 'isn''t'"),
        (("env", "GREETING"), "Good day", "      GREETING: Good day   # said to everybody"),
        (
            ("env", "GREETING"),
            "no # comment",
            '      GREETING: "no # comment"   # said to everybody',
        ),
        (("env", "GREETING"), "true", '      GREETING: "true"   # said to everybody'),
        (("ports", 1), 8443, "    ports: [80, 8443]"),
        (("ports", 2), 22, "    ports: [80, 443, 22]"),
        (("ports", 0), GONE, "    ports: [443]"),
        (("ports", 1), GONE, "    ports: [80]"),
        (("flow", "b", "c"), "y", "    flow: {a: 1, b: {c: y}}"),
        (("flow", "z"), [1, "2"], '    flow: {a: 1, b: {c: x}, z: [1, "2"]}'),
        (("flow", "a"), GONE, "    flow: {b: {c: x}}"),
        (("hosts", 1), "three", "      - three  # second"),
        (("empty", "x"), 1, "    empty: {x: 1}"),
        (("nothing",), "more", "    nothing: more"),
        (("nothing", "deep"), 1, "    nothing: {deep: 1}"),
    ],
)
def test_a_value_is_set_in_its_line(path: tuple[str | int, ...], value: object, line: str) -> None:
    before, after = changed(((*INPUTS, *path), value))
    assert (before[0], after) == ("-", f"+ {line}")


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        ((*INPUTS, "env", "NEW"), "1", '      NEW: "1"'),
        ((*INPUTS, "hosts", 2), "three", "      - three"),
        ((*INPUTS, "fresh"), {"a-b": None}, "    fresh: {a-b: null}"),
        (("spec", "drift"), {"mode": "off"}, "  drift: {mode: off}"),
    ],
)
def test_a_value_that_is_new_gets_a_line(
    path: tuple[str | int, ...], value: object, line: str
) -> None:
    assert changed((path, value)) == [f"+ {line}"]


def test_an_environment_gets_inputs_of_its_own() -> None:
    path = ("spec", "environments", "dev", "inputs", "env", "GREETING")
    assert changed((path, "x")) == ["+     dev: {inputs: {env: {GREETING: x}}}"]
    path = ("spec", "environments", "production", "inputs", "size")
    assert changed((path, 1))[1] == "+     production: {inputs: {replicas: 3, size: 1}}"


def test_a_line_is_taken_away_with_what_stands_in_it() -> None:
    assert changed(((*INPUTS, "env", "GREETING"), GONE)) == [
        "-       GREETING: Hello   # said to everybody"
    ]


def test_several_values_are_set_one_after_the_other() -> None:
    lines = changed(((*INPUTS, "replicas"), 2), ((*INPUTS, "env", "MODE"), "slow"))
    assert [line[1:].strip() for line in lines if line[0] == "+"] == [
        "replicas: 2            # one is enough", "MODE: slow",
    ]  # fmt: skip


def test_line_ends_and_the_mark_of_other_systems_stay() -> None:
    content = b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode()
    edits = [((*INPUTS, "env", "NEW"), 1), ((*INPUTS, "replicas"), 2)]
    after = spliced("a.yaml", content, API, edits)
    assert (
        after.replace(b"      NEW: 1\r\n", b"").replace(b"replicas: 2", b"replicas: 1") == content
    )


ANCHORED = (
    HEAD
    + """spec:
  module: modules/service
  inputs: {one: &shared {a: 1}, two: *shared, list: [&n 5, *n]}
"""
)
MERGED = (
    HEAD
    + """spec:
  module: modules/service
  inputs:
    base: &base {a: 1}
    other:
      <<: *base
      b: 2
"""
)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (ANCHORED, ("one", "a")), (ANCHORED, ("two", "a")), (ANCHORED, ("list", 0)),
        (MERGED, ("base", "a")), (MERGED, ("other", "a")), (TEXT, ("long",)), (TEXT, ("hosts",)),
        (TEXT, ("ports", 5)), (TEXT, ("replicas", "x")),
    ],
)  # fmt: skip
def test_what_would_change_more_is_refused(text: str, path: tuple[str | int, ...]) -> None:
    with pytest.raises(SpliceError):
        spliced("a.yaml", text.encode(), API, [((*INPUTS, *path), 7)])
