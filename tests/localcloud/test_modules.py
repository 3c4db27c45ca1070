"""The modules' own tests, run with a provider that is made up, and their READMEs."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.localcloud.engines import Workspace, on_one_engine

MODULES = Path(__file__).parents[2] / "modules/local"
NAMES = ("service", "database", "storage")


@on_one_engine
@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_module_passes_its_own_tests(
    name: str, engine: str, make_workspace: Callable[..., Workspace]
) -> None:
    workspace = make_workspace(engine, "")
    (workspace.folder / "main.tf").unlink()
    shutil.copytree(MODULES / name, workspace.folder, dirs_exist_ok=True)
    workspace.init()
    assert ", 0 failed." in workspace.must("test", "-no-color")


@pytest.mark.parametrize("name", NAMES)
def test_a_readme_names_every_input_and_output(name: str) -> None:
    readme = (MODULES / name / "README.md").read_text()
    for file, word in (("variables.tf", "variable"), ("outputs.tf", "output")):
        text = (MODULES / name / file).read_text()
        blocks = re.findall(rf'^{word} "(\w+)" \{{\n(.*?)^\}}', text, re.DOTALL | re.MULTILINE)
        assert blocks
        for block_name, block in blocks:
            (description,) = re.findall(r'^  description\s+= "(.*)"$', block, re.MULTILINE)
            rows = [line for line in readme.splitlines() if line.startswith(f"| `{block_name}` |")]
            assert any(row.endswith(f"| {description} |") for row in rows), block_name
    assert "provider " not in (MODULES / name / "main.tf").read_text()
