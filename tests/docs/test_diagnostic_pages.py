"""Every code has a page, and the example on it gives exactly that code."""

import re
from pathlib import Path

import pytest

from controller.diagnostics.explain import codes, explain
from controller.model.catalog import Catalog
from controller.model.snapshot import FileKind
from tests.unit.load.load_repositories import BASE, load_with

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```\w+ file=(\S+)(?: as=(\S+))?\n(.*?)\n?^```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r'"((?:load|module|render)/[a-z0-9-]+)"')
STORE = """---
apiVersion: platform/v1
kind: SecretStore
metadata: {{name: store-{0}}}
spec: {{provider: {{embedded: {{}}}}}}
"""
WITHOUT_EXAMPLE = {"render/incomplete", "render/provider-not-listed", "render/unsafe-name"}
"""Guards: no documents lead there."""


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
    return load_with(files, kinds)


def codes_in_source() -> set[str]:
    found: set[str] = set()
    steps = ROOT / "controller" / "steps"
    for path in (*(steps / "load").glob("*.py"), steps / "render.py"):
        found.update(CODE.findall(path.read_text(encoding="utf-8")))
    return found


def test_every_code_in_the_source_has_a_page_and_every_page_a_code() -> None:
    assert codes_in_source() == set(codes())


def test_the_base_repository_has_no_diagnostic() -> None:
    assert load_with({}).diagnostics == ()
    assert BASE


@pytest.mark.parametrize("code", sorted(set(codes()) - WITHOUT_EXAMPLE))
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
