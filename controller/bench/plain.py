"""The other side: the plain command line, one unit after another, as most runners do it."""

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller.adapters.engine.environment import build_environment
from controller.diagnostics.errors import EngineFailed, EngineRefused
from controller.settings import search_path

PLAN = "plain.tfplan"
FILES = "main.tf.json", "terraform.tfvars.json", "trueup-commit.auto.tfvars.json", "module"
"""What makes a workspace; the rest of its folder is what the engine left there."""
QUIET = "-input=false", "-no-color"


@dataclass(frozen=True)
class Plain:
    """A Terraform on PATH with nothing around it."""

    program: str
    environment: Mapping[str, str]

    @classmethod
    def find(cls, home: Path, mirror: Path | None) -> "Plain":
        """Find it. Raises EngineRefused when there is none."""
        program = shutil.which("terraform", path=search_path())
        if program is None:
            raise EngineRefused.because(
                "there is no `terraform` on PATH to measure against",
                hint="install Terraform 1.5 or newer",
            )
        home.mkdir(parents=True, exist_ok=True)
        configuration = home / "plain.rc"
        source = "direct {}"
        if mirror is not None:
            source = f"filesystem_mirror {{\n    path = {json.dumps(str(mirror))}\n  }}"
        configuration.write_text(f"provider_installation {{\n  {source}\n}}\n", encoding="utf-8")
        given = build_environment(home, path=search_path(), cli_config=configuration)
        del given["GOGC"]  # nobody sets it
        return cls(program, given)

    def copy(self, workspace: Path, target: Path, replaced: Mapping[str, str]) -> Path:
        """Copy what makes a workspace, with some texts replaced."""
        target.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            source = workspace / name
            if source.is_dir():
                shutil.copytree(source, target / name, dirs_exist_ok=True)
                continue
            if not source.is_file():
                continue  # what no tag asks for is not there
            text = source.read_text(encoding="utf-8")
            for old, new in replaced.items():
                text = text.replace(old, new)
            (target / name).write_text(text, encoding="utf-8")
        return target

    def reconcile(self, directory: Path) -> None:
        """Run init, plan, show and apply."""
        self.plan(directory)
        self.run(directory, "apply", *QUIET, PLAN)

    def plan(self, directory: Path, *more: str) -> Mapping[str, Any]:
        """Run init, plan and show; gives the plan."""
        self.run(directory, "init", *QUIET)
        self.run(directory, "plan", *QUIET, f"-out={PLAN}", *more)
        plan: Mapping[str, Any] = json.loads(self.run(directory, "show", "-json", PLAN))
        return plan

    def look_for_drift(self, directory: Path) -> None:
        """Run `plan -refresh-only`."""
        self.run(directory, "plan", *QUIET, "-refresh-only")

    def run(self, directory: Path, *words: str) -> str:
        """Run one command. Raises EngineFailed with its words."""
        done = subprocess.run(
            [self.program, *words], cwd=directory, env=dict(self.environment),
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise EngineFailed.because(
                f"the plain `terraform {words[0]}` failed in `{directory}`:\n{done.stderr}"
            )
        return done.stdout


def spread(names: Sequence[str], number: int) -> Sequence[str]:
    """Choose so many of the names, spread evenly."""
    if number >= len(names):
        return names
    return [names[index * len(names) // number] for index in range(number)]
