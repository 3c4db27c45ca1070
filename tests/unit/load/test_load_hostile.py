"""Files that were made to hurt: each is refused with its own code, quickly."""

import time

import pytest

from controller.diagnostics.full import full
from controller.model.snapshot import FileKind
from controller.steps.load.compose import DEEPEST, compose
from controller.steps.load.nodes import value_of
from tests.unit.load.load_repositories import codes, load_with

LAUGHS = "a0: &a0 [x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30)
)
CASES: dict[str, tuple[str | bytes, str]] = {
    "self reference": ("&a [*a]", "load/recursion"),
    "mapping inside itself": ("a: &a\n  b: *a", "load/recursion"),
    "billion laughs": (LAUGHS, "load/alias-budget"),
    "list as key": ("? [a, b]\n: c", "load/key-not-a-string"),
    "mapping as key": ("{a: b}: c", "load/key-not-a-string"),
    "alias of a list as key": ("a: &a [x]\n*a : y", "load/key-not-a-string"),
    "null as key": ("~: x", "load/key-not-a-string"),
    "python object": ("a: !!python/object/apply:os.system [id]", "load/custom-tag"),
    "own tag": ("a: !include x.yaml", "load/custom-tag"),
    "binary tag": ("a: !!binary aGk=", "load/custom-tag"),
    "undefined handle": ("a: !e!x y", "load/custom-tag"),
    "NUL": (b"a: b\x00c", "load/control-character"),
    "escaped NUL": ('a: "\\0"', "load/control-character"),
    "lone surrogate": ('a: "\\ud800"', "load/control-character"),
    "escape of a terminal": (b"a: \x1b[31mred", "load/control-character"),
    "code point beyond Unicode": ('a: "\\U00110000"', "load/yaml-syntax"),
    "UTF-16": ("a: b".encode("utf-16"), "load/not-utf-8"),
    "UTF-16 without mark": ("kind: Stack".encode("utf-16-le"), "load/control-character"),
    "Latin-1": ("a: ä".encode("latin-1"), "load/not-utf-8"),
    "deep nesting": ("[" * 10_000, "load/too-deep"),
    "deep nesting in blocks": ("".join(" " * n + "a:\n" for n in range(400)), "load/too-deep"),
    "deep by aliases": (
        "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 100)),
        "load/too-deep",
    ),
    "five megabytes": (b"# " + b"x" * 5_000_000, "load/too-large"),
    "tab": ("a:\n\tb: c", "load/tab"),
    "tab in a list": ("a:\n\t- c", "load/tab"),
    "infinity": ("a: .inf", "load/not-finite"),
    "too large a float": ("a: 1e999", "load/not-finite"),
    "merge of a text": ("<<: x", "load/merge-key"),
    "merge twice": ("a: &a {b: c}\nd:\n  <<: *a\n  <<: *a", "load/duplicate-key"),
    "merge of itself": ("a: &a\n  <<: *a", "load/recursion"),
    "unknown alias": ("a: *b", "load/unknown-anchor"),
    "anchor of another document": ("a: &a b\n---\nc: *a", "load/unknown-anchor"),
    "old version": ("%YAML 1.1\n%YAML 1.2\n---\na: b", "load/yaml-syntax"),
    "open bracket at the end": ("[\n", "load/unclosed"),
    "open quote": ('a: "b', "load/unclosed"),
    "only a bracket": ("}", "load/yaml-syntax"),
}


BOUND = 20.0
"""Seconds of a processor: what grows with the square of its input takes minutes."""


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_hostile_file_is_refused_quickly_with_its_own_code(name: str) -> None:
    content, code = CASES[name]
    started = time.process_time()
    catalog = load_with({"x.yaml": content})
    seconds = time.process_time() - started
    assert code in codes(catalog)
    assert seconds < BOUND
    assert full(catalog.diagnostics)
    assert all(d.span is not None and d.span.path == "x.yaml" for d in catalog.diagnostics)


def test_a_billion_laughs_are_refused_before_anything_is_built() -> None:
    started = time.process_time()
    found = list(compose(LAUGHS))
    assert [fault.code for fault in found[0].faults] == ["load/alias-budget"]
    assert time.process_time() - started < BOUND


@pytest.mark.parametrize("kind", [FileKind.SYMLINK, FileKind.SUBMODULE])
def test_what_is_no_file_is_not_read(kind: FileKind) -> None:
    catalog = load_with({"x.yaml": "kind: Stack"}, {"x.yaml": kind})
    assert codes(catalog) == [f"load/{kind.value}"]


@pytest.mark.parametrize(
    "path", ["../x.yaml", "a/../../x.yaml", "a\\x.yaml", "a\nb.yaml", "/x.yaml"]
)
def test_a_path_that_leaves_the_tree_is_refused(path: str) -> None:
    catalog = load_with({path: "kind: Stack"})
    assert codes(catalog) == ["load/path-outside"]
    assert "\n::" not in full(catalog.diagnostics)


def test_a_link_in_a_folder_that_a_stack_takes_is_refused() -> None:
    catalog = load_with({"apps/shop/data": "/etc"}, {"apps/shop/data": FileKind.SYMLINK})
    assert codes(catalog) == ["load/symlink"]


def test_values_may_be_nested_as_deep_as_the_limit() -> None:
    text = "[" * DEEPEST + "]" * DEEPEST
    (document,) = compose(text)
    assert document.faults == ()


def test_anchors_aliases_and_merge_keys_work() -> None:
    text = "base: &b {x: 1, y: 2}\nmore: &m {z: 3}\nall: {<<: [*b, *m], y: 9}\nagain: *b"
    (document,) = compose(text)
    assert document.root is not None
    assert value_of(document.root) == {
        "base": {"x": 1, "y": 2},
        "more": {"z": 3},
        "all": {"y": 9, "x": 1, "z": 3},
        "again": {"x": 1, "y": 2},
    }


def test_only_the_core_types_of_yaml_1_2_are_read() -> None:
    text = (
        "a: no\nb: 2024-01-01\nc: 017\nd: 0o17\ne: 0x1F\nf: 1_000\ng: 1:30\nh: yes\n"
        "i: TRUE\nj: ~\nk:\nl: 1.5\nm: '1'\nn: +3\no: .5\np: 1e3\nq: Null\nr: -\n"
    )
    (document,) = compose(text.replace("r: -\n", "r: '-'\n"))
    assert document.root is not None
    assert value_of(document.root) == {
        "a": "no", "b": "2024-01-01", "c": 17, "d": 15, "e": 31, "f": "1_000", "g": "1:30",
        "h": "yes", "i": True, "j": None, "k": None, "l": 1.5, "m": "1", "n": 3, "o": 0.5,
        "p": 1000.0, "q": None, "r": "-",
    }  # fmt: skip


def test_documents_after_an_unreadable_one_are_read() -> None:
    text = "a: [1, 2\n---\nb: 1\n...\n---\nc: &x 2\n"
    found = list(compose(text))
    assert [fault.code for document in found for fault in document.faults] == ["load/unclosed"]
    assert [value_of(d.root) for d in found if d.root] == [{"b": 1}, {"c": 2}]
