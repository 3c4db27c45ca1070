"""OpenTofu as it is documented: a `tofu` that answers from `tests/cases/engine/tofu`."""

import json
import os
import sys
from pathlib import Path

import pytest

from controller.adapters.engine import command
from controller.adapters.engine.environment import build_environment
from controller.adapters.engine.packages import Packages
from controller.diagnostics.errors import EngineRefused, StateLocked
from controller.model.plan import Action
from controller.ports.engine import Engine
from tests.contract.engine.engine_worlds import CANARY

CASES = Path(__file__).resolve().parents[2] / "cases" / "engine" / "tofu"
PROGRAM = """#!{python}
import json, pathlib, sys
cases, said = pathlib.Path({cases!r}), " ".join(sys.argv[1:])
with open({heard!r}, "a") as heard:
    heard.write(said + "\\n")
answers = json.loads((cases / "answers.json").read_text())
answer = answers.get(said) or answers[sys.argv[1]]
text = (cases / answer["out"]).read_text().replace("1.10.6", {version!r})
if answer.get("makes"):
    pathlib.Path(answer["makes"]).write_text("a plan")
sys.stdout.write(text)
sys.exit(answer["code"])
"""


class Tofu:
    """A program named `tofu` that answers, and a note of what it was asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.heard_file = folder / "heard"
        self.home = folder / "home"

    async def connect(self, version: str = "1.10.6") -> Engine:
        program = self.folder / "tofu"
        program.write_text(
            PROGRAM.format(
                python=sys.executable, cases=str(CASES), heard=str(self.heard_file), version=version
            )
        )
        program.chmod(0o700)
        environment = build_environment(self.home, path=f"{self.folder}:{os.environ['PATH']}")
        packages = Packages(self.folder / "packages.json")
        return await command.connect("tofu", environment, packages=packages)

    def heard(self) -> list[str]:
        return self.heard_file.read_text().splitlines()

    def unit(self) -> Path:
        directory = self.folder / "shop" / "dev" / "a"
        directory.mkdir(parents=True)
        (directory / "main.tf.json").write_text(json.dumps({"output": {"o": {"value": 1}}}))
        return directory


@pytest.fixture
def tofu(tmp_path: Path) -> Tofu:
    return Tofu(tmp_path)


@pytest.mark.parametrize(
    ("version", "encrypts", "has_ephemeral"),
    [("1.6.3", False, False), ("1.7.0", True, False), ("1.11.0-beta1", True, True)],
)
async def test_what_it_can_do_follows_from_its_version(
    tofu: Tofu, version: str, encrypts: bool, has_ephemeral: bool
) -> None:
    engine = await tofu.connect(version)
    assert str(engine.version) == f"tofu {version}"
    found = engine.capabilities
    assert (found.state_encryption, found.ephemeral_values) == (encrypts, has_ephemeral)
    assert found.lockfile_readonly
    assert not found.lock_without_hashes  # nobody has seen it with one
    assert tofu.heard() == ["version"]


async def test_a_version_that_is_too_old_is_refused(tofu: Tofu) -> None:
    with pytest.raises(EngineRefused, match=r"at least tofu 1\.6"):
        await tofu.connect("1.5.9")


async def test_a_plan_is_read_told_and_redacted(tofu: Tofu) -> None:
    engine, directory, told = await tofu.connect(), tofu.unit(), list[str]()
    await engine.init(directory)
    plan = await engine.plan(directory, on_progress=told.append)
    assert [(change.address, change.action) for change in plan.changes] == [
        ("terraform_data.unit", Action.CREATE)
    ]
    assert plan.outputs_change
    assert told == [
        "terraform_data.unit: Plan to create",
        "Plan: 1 to add, 0 to change, 0 to destroy.",
    ]
    assert CANARY not in repr(plan)
    assert tofu.heard()[1:] == [
        "init -input=false -no-color",
        "plan -input=false -json -out=trueup.tfplan",
        "show -json trueup.tfplan",
    ]


async def test_a_lock_of_somebody_else_is_told_with_its_holder(tofu: Tofu) -> None:
    engine, directory = await tofu.connect(), tofu.unit()
    await engine.init(directory)
    await engine.plan(directory)
    with pytest.raises(StateLocked, match="casey@laptop") as locked:
        await engine.apply(directory)
    assert "2b6e1a0a-0000-4b7e-9c9e-3f3f5d7f1c11" in str(locked.value)
    assert tofu.heard()[-1] == "apply -input=false -json trueup.tfplan"


async def test_a_wrong_configuration_is_refused_with_its_place(tofu: Tofu) -> None:
    engine, directory = await tofu.connect(), tofu.unit()
    with pytest.raises(EngineRefused, match="nowhere") as refused:
        await engine.validate(directory)
    assert "main.tf.json:1:20" in str(refused.value)


async def test_an_installed_lock_file_is_used_read_only(tofu: Tofu) -> None:
    engine, directory = await tofu.connect(), tofu.unit()
    (directory / ".terraform.lock.hcl").write_text("# of an earlier init\n")
    await engine.init(directory)
    assert tofu.heard()[-1] == "init -input=false -no-color -lockfile=readonly"
