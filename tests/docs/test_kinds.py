"""Every kind has a page; its table is that of the models, its example is right."""

import re
from pathlib import Path

import pytest

from controller.steps.load.documents import parse_file
from schemas.field_table import field_table
from schemas.registry import KINDS

PAGES = Path(__file__).resolve().parents[2] / "docs" / "kinds"
EXAMPLE = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def page(kind: str) -> str:
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", kind).lower()
    return (PAGES / f"{name}.md").read_text(encoding="utf-8")


def test_there_is_a_page_for_each_kind_and_no_other() -> None:
    assert len(list(PAGES.glob("*.md"))) == len(KINDS)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_table_on_the_page_is_that_of_the_model(kind: str) -> None:
    assert field_table(kind) in page(kind), f"write field_table({kind!r}) into the page"


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_example_on_the_page_is_right(kind: str) -> None:
    (text,) = EXAMPLE.findall(page(kind))
    (parsed,) = parse_file("example.yaml", text.encode())
    assert parsed.diagnostics == ()
    assert parsed.reference is not None
    assert parsed.reference.kind == kind
