"""Cases: a folder of files, laid over the base repository, and the text that a person gets to see.

Set TRUEUP_WRITE_CASES=1 to write `expected.txt` anew, and read the difference before committing.
"""

import os
from pathlib import Path

import pytest

from controller.diagnostics.full import full
from tests.unit.load.load_repositories import load_with

CASES = Path(__file__).resolve().parents[2] / "cases" / "load"


@pytest.mark.parametrize("case", sorted(path.name for path in CASES.iterdir()))
def test_case(case: str) -> None:
    folder = CASES / case
    expected = folder / "expected.txt"
    files: dict[str, str | bytes] = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path != expected
    }
    text = full(load_with(files).diagnostics)
    if os.environ.get("TRUEUP_WRITE_CASES"):
        expected.write_text(text, encoding="utf-8")
    assert text == expected.read_text(encoding="utf-8")
