"""Whatever stands in a file: load tells, never breaks, and every place lies in the file."""

import json
import re
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.diagnostics.as_json import as_json
from controller.diagnostics.concise import concise
from controller.diagnostics.full import full
from controller.diagnostics.github import github
from controller.diagnostics.sarif import sarif
from controller.model.catalog import Catalog
from controller.steps.graph import graph
from controller.steps.load.compose import compose
from controller.steps.load.hcl import HclError, read_hcl
from controller.steps.load.load import ParsedFiles
from controller.steps.load.nodes import value_of
from tests.unit.load.load_repositories import BASE, load_with

BREAK = re.compile(r"\r\n|\r|\n")
GOOD = [text for path, text in sorted(BASE.items()) if path.endswith(".yaml")]
DOCUMENTS: list[Any] = [
    json.loads(json.dumps(value_of(document.root)))
    for text in GOOD
    for document in compose(text)
    if document.root is not None
]
PARSED = ParsedFiles()
WORDS = sorted({word for text in GOOD for word in re.findall(r"[\w./-]+", text)})
TOKENS = st.sampled_from(
    [
        *WORDS, "\n", "\n", "\n  ", "\n    ", "\n\t", ": ", ":", "- ", "? ", "[", "]", "{", "}",
        ", ", "&a ", "*a", "&b ", "*b", "<<: ", "!!str ", "!x ", "'", '"', "|\n", ">-\n", "#", "\\",
        "---\n", "...\n", "%YAML 1.2\n", "\r\n", "\r", "\u2028", "\x85", "\ufeff", "é", "名", "😀",
        "${", "~", "1e999", "0x", ".inf", "\\ud800", "\\x00", "@", "`", " ",
    ]
)  # fmt: skip
SLOW = settings(
    max_examples=100, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)


def check(catalog: Catalog, path: str, text: str) -> None:
    lines = BREAK.split(text)
    for found in catalog.diagnostics:
        assert found.span is not None
        for span in (found.span, *(note.span for note in found.related)):
            if span.path != path:
                continue
            assert 1 <= span.line <= span.end_line <= len(lines)
            assert 1 <= span.column <= len(lines[span.line - 1]) + 1
            assert 1 <= span.end_column <= len(lines[span.end_line - 1]) + 1
            assert (span.line, span.column) <= (span.end_line, span.end_column)
    found_all = catalog.diagnostics
    assert full(found_all).count("\n\n") >= len(found_all) - 1
    assert len(concise(found_all).splitlines()) == len(found_all)
    assert len(github(found_all).splitlines()) == len(found_all)
    assert len(json.loads(as_json(found_all))["diagnostics"]) == len(found_all)
    assert len(json.loads(sarif(found_all, version="0"))["runs"][0]["results"]) == len(found_all)
    graph(catalog)


@SLOW
@given(st.lists(TOKENS, max_size=60).map("".join))
def test_any_text_is_told_about_and_never_breaks_anything(text: str) -> None:
    text = text.lstrip("\ufeff")
    check(load_with({"x.yaml": text}, parsed_files=PARSED), "x.yaml", text)


@SLOW
@given(st.binary(max_size=200))
def test_any_bytes_are_told_about(content: bytes) -> None:
    catalog = load_with({"x.yaml": content}, parsed_files=PARSED)
    assert full(catalog.diagnostics) is not None


@SLOW
@given(
    st.sampled_from(GOOD),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 12), TOKENS), min_size=1, max_size=4),
)
def test_a_good_file_with_a_few_changes_is_told_about(
    text: str, changes: list[tuple[int, int, str]]
) -> None:
    for at, length, token in changes:
        text = text[:at] + token + text[at + length :]
    text = text.lstrip("\ufeff")
    check(load_with({"x.yaml": text}, parsed_files=PARSED), "x.yaml", text)


LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.sampled_from(WORDS),
    st.text(max_size=8),
    st.sampled_from([{"output": "shop-db.url"}, {"secret": "x"}, {"path": "a"}]),
)  # fmt: skip
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=3)
    ),
    max_leaves=6,
)


def places(value: Any) -> list[tuple[Any, Any]]:
    entries = value.items() if isinstance(value, dict) else enumerate(value)
    found = []
    for key, inner in entries:
        found.append((value, key))
        if isinstance(inner, (dict, list)):
            found.extend(places(inner))
    return found


@SLOW
@given(st.sampled_from(DOCUMENTS), st.data())
def test_a_document_of_the_wrong_shape_is_told_about(document: Any, data: st.DataObject) -> None:
    changed = json.loads(json.dumps(document))
    for _ in range(data.draw(st.integers(1, 3))):
        within, key = data.draw(st.sampled_from(places(changed)))
        if isinstance(within, dict) and data.draw(st.booleans()):
            within[data.draw(st.sampled_from(WORDS))] = within.pop(key)
        else:
            within[key] = json.loads(json.dumps(data.draw(VALUES)))
    text = json.dumps(changed, indent=1, ensure_ascii=True)
    check(load_with({"x.yaml": text}, parsed_files=PARSED), "x.yaml", text)


@SLOW
@given(
    st.lists(
        st.sampled_from(
            ['variable "x" ', "{", "}", "[", "]", "(", ")", '"', "${", "%{", "$${", "<<EOF\n",
             "EOF", "\n", " = ", "a", "#", "//", "/*", "*/", "\\", ",", "1", "default", "é"]
        ),
        max_size=40,
    ).map("".join)
)  # fmt: skip
def test_any_text_is_a_module_or_is_refused(text: str) -> None:
    where = 0
    try:
        read_hcl(text)
    except HclError as error:
        where = error.index
    assert 0 <= where <= len(text)
