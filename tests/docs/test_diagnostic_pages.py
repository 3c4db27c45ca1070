"""Every code has a page, and the example on it gives exactly that code."""

import ast
import re
from dataclasses import replace

import pytest

from controller.diagnostics.explain import codes, explain
from controller.model.catalog import Catalog
from controller.model.snapshot import FileKind
from controller.steps.load.load import load
from tests.architecture.sources import files_with, tree_of
from tests.unit.load.load_repositories import BASE, load_with, snapshot

FENCE = re.compile(r"^```\w+ file=(\S+)(?: as=(\S+))?\n(.*?)\n?^```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"[a-z]{1,32}/[a-z0-9-]{0,63}[a-z0-9]")
STORE = """---
apiVersion: platform/v1
kind: SecretStore
metadata: {{name: store-{0}}}
spec: {{provider: {{embedded: {{}}}}}}
"""
ROOMS = frozenset(code.partition("/")[0] for code in codes())
NO_CODES = frozenset({"trueup/promotions", "secrets/public-key"})
"""Texts that only look like codes."""
GIVEN_BY_DOCUMENTS = sorted(code for code in codes() if code.startswith(("load/", "module/")))
GIVEN_BY_DOCUMENTS.remove("load/wrong")  # stands for all of them together


def content(text: str, form: str) -> bytes:
    name, _, number = form.partition("=")
    match name:
        case "bytes":
            return b" " * int(number)
        case "documents":
            return "".join(STORE.format(n) for n in range(int(number))).encode()
        case "utf-16":
            return text.encode("utf-16")
        case _:
            return text.encode()


def load_example(page: str) -> Catalog:
    files: dict[str, str | bytes] = {}
    kinds: dict[str, FileKind] = {}
    for path, form, text in FENCE.findall(page):
        files[path] = content(text, form)
        if form in {"symlink", "submodule"}:
            kinds[path] = FileKind(form)
    assert files
    skipped = {path for path, form, _ in FENCE.findall(page) if form == "latin-1-path"}
    if skipped:
        return load(replace(snapshot(dict(BASE)), skipped=tuple(sorted(skipped))), {})
    return load_with(files, kinds)


def codes_in_source() -> set[str]:
    """Give every text in the code that has the form of a code of one of our rooms."""
    return {
        node.value
        for path in files_with(rf"[\"'](?:{'|'.join(ROOMS)})/", "controller")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and CODE.fullmatch(node.value)
        and node.value.partition("/")[0] in ROOMS
    } - NO_CODES


def codes_of_errors() -> set[str]:
    """Give what is said to be a code, whatever room it names."""
    found: set[str] = set()
    for path in files_with(r"\bcode\s*=", "controller"):
        for node in ast.walk(tree_of(path)):
            value = node.value if isinstance(node, (ast.keyword, ast.Assign)) else None
            named = (isinstance(node, ast.keyword) and node.arg == "code") or (
                isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "code"
            )
            if named and isinstance(value, ast.Constant) and CODE.fullmatch(str(value.value)):
                found.add(str(value.value))
    return found


def test_every_code_in_the_source_has_a_page_and_every_page_a_code() -> None:
    assert codes_in_source() == set(codes())
    assert codes_of_errors() <= set(codes())


@pytest.mark.parametrize("code", codes())
def test_a_page_says_what_it_means_and_how_to_mend_it(code: str) -> None:
    page = explain(code)
    assert page is not None
    assert page.startswith(f"# {code}\n\n")
    assert re.search(r"^## How to mend it\n\n\S", page, re.MULTILINE)
    assert not page.split("\n")[2].startswith("#")


def test_the_base_repository_has_no_diagnostic() -> None:
    assert load_with({}).diagnostics == ()
    assert BASE


@pytest.mark.parametrize("code", GIVEN_BY_DOCUMENTS)
def test_the_example_on_the_page_gives_exactly_its_code(code: str) -> None:
    page = explain(code)
    assert page is not None
    assert page.startswith(f"# {code}\n")
    catalog = load_example(page)
    found = {diagnostic.code for diagnostic in catalog.diagnostics}
    if code == "load/needs-broken":
        found = {d.code for all_of_one in catalog.broken.values() for d in all_of_one} - found
    assert found == {code}


@pytest.mark.parametrize(
    "code", ["", "load", "load/nothing", "../../etc/passwd", "load/../load/tab"]
)
def test_there_is_no_page_for_what_is_no_code(code: str) -> None:
    assert explain(code) is None
