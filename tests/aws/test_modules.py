"""The modules' own tests with a made-up provider, their READMEs, and what all of them must have."""

import re
import shutil
from pathlib import Path

import pytest
import pytest_asyncio

from controller import shipped
from controller.adapters.engine._runner import Command
from controller.adapters.engine.embedded import Pool
from controller.ports.engine import Engine
from controller.steps.load.hcl import read_hcl
from controller.steps.load.modules import read_module
from tests.support.module_readmes import MODULES, folders, written

NAMES = sorted(path.name for path in (MODULES / "aws").iterdir())
TESTS_AND_CODE = shutil.ignore_patterns("*.tf", "tests")
DONE = re.compile(r"Success! (\d+) passed, 0 failed")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def initialised(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give what `init` makes; all modules want the same provider, and none calls another."""
    folder = tmp_path_factory.mktemp("init")
    shutil.copytree(MODULES / "aws" / NAMES[0], folder, dirs_exist_ok=True)
    await engine.init(folder)
    return folder


@pytest.mark.slow
@pytest.mark.aws
@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("name", NAMES)
async def test_a_module_passes_its_own_tests(
    name: str, pool: Pool, initialised: Path, tmp_path: Path
) -> None:
    folder = tmp_path / name
    shutil.copytree(initialised, folder, symlinks=True, ignore=TESTS_AND_CODE)
    shutil.copytree(MODULES / "aws" / name, folder, dirs_exist_ok=True)
    done = await pool.run(folder, Command("test", {"no-color": True}))
    passed = DONE.search(done.output)
    assert done.code == 0 and passed and int(passed[1]) >= 2, done.output + done.errors


@pytest.mark.parametrize("folder", folders(), ids=lambda path: f"{path.parent.name}-{path.name}")
def test_the_tables_of_a_readme_are_those_of_the_code(folder: Path) -> None:
    assert (folder / "README.md").read_text() == written(folder), "run `make module-docs`"


@pytest.mark.parametrize("name", NAMES)
def test_a_module_can_be_used_and_says_what_everything_is(name: str) -> None:
    place = f"modules/aws/{name}/"
    files = {
        path.removeprefix(place): content
        for path, content in shipped.files().items()
        if path.startswith(place)
    }
    module, faults = read_module(place.rstrip("/"), files)
    assert faults == ()
    assert module.providers == {"aws": ("hashicorp/aws", ">= 5.0")}
    assert {"product", "environment", "stack", "tags"} <= module.variables.keys()
    assert "commit" not in module.variables
    for each in (*module.variables.values(), *module.outputs.values()):
        assert each.description.endswith("."), each.name
    assert all(variable.type != "any" for variable in module.variables.values())
    root = read_hcl(files["main.tf"].decode())
    assert not [block for block in root.blocks if block.type in {"provider", "variable", "output"}]


@pytest.mark.parametrize("name", NAMES)
def test_what_a_person_gives_is_checked(name: str) -> None:
    text = (MODULES / "aws" / name / "variables.tf").read_text()
    for block in read_hcl(text).blocks:
        is_free = block.string("default") == "" or block.text("default") == "null"
        is_free |= block.text("type") in {"bool", "map(string)", "list(string)"}
        is_checked = any(inner.type == "validation" for inner in block.blocks)
        assert is_checked or is_free or block.labels[0] == "handler", block.labels[0]
