"""Terraform in all the forms that this machine has, driven the way a person would."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

PROGRAMS = Path(__file__).parent / "programs"
GREETER = str(PROGRAMS / "greeter.py")

ENGINES = {
    "terraform": [shutil.which("terraform") or "terraform"],
    "embedded": [sys.executable, str(PROGRAMS / "embedded.py")],
}
HEADER = """
terraform {
  required_providers {
    localcloud = { source = "trueup.local/trueup/localcloud" }
  }
}
provider "localcloud" {}
"""


def engine_names() -> list[str]:
    found = [name for name, command in ENGINES.items() if Path(command[0]).exists()]
    return found or ["terraform"]


# For what does not depend on the engine: a command of the embedded one costs most.
on_one_engine = pytest.mark.parametrize("engine", engine_names()[:1], indirect=True, scope="module")


@dataclass
class Result:
    code: int
    text: str


@dataclass
class Workspace:
    """One Terraform root: a folder, an engine, an environment built from nothing."""

    folder: Path
    engine: str
    environment: dict[str, str]
    lines: list[dict[str, Any]] = field(default_factory=list)

    def write(self, body: str, *, name: str = "main.tf") -> None:
        (self.folder / name).write_text((HEADER if name == "main.tf" else "") + body)

    def run(self, *arguments: str, timeout: float = 120) -> Result:
        done = subprocess.run(
            [*ENGINES[self.engine], *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            check=False,
        )
        return Result(done.returncode, done.stdout)

    def must(self, *arguments: str) -> str:
        result = self.run(*arguments)
        assert result.code == 0, result.text
        return result.text

    def init(self) -> None:
        self.must("init", "-no-color", "-input=false")

    def apply(self, *arguments: str) -> str:
        return self.must("apply", "-auto-approve", "-no-color", "-input=false", *arguments)

    def destroy(self, *arguments: str) -> str:
        return self.must("destroy", "-auto-approve", "-no-color", "-input=false", *arguments)

    def fails(self, *arguments: str) -> str:
        result = self.run(*arguments, "-no-color", "-input=false")
        assert result.code == 1, result.text
        return " ".join(result.text.replace("│", " ").split())

    def plan(self, *arguments: str) -> dict[str, Any]:
        self.must("plan", "-no-color", "-input=false", "-out=saved", *arguments)
        return json.loads(self.must("show", "-json", "saved"))

    def changes(self, *arguments: str) -> dict[str, tuple[list[str], dict[str, Any]]]:
        """Give, by address, the actions and the attributes that differ, as (before, after)."""
        found = {}
        for each in self.plan(*arguments).get("resource_changes", ()):
            change = each["change"]
            if change["actions"] not in (["no-op"], ["read"]):
                found[each["address"]] = (change["actions"], difference(change))
        return found

    def outputs(self) -> dict[str, Any]:
        """Give the outputs as the state has them: cheaper than asking the engine."""
        state = json.loads((self.folder / "terraform.tfstate").read_text())
        return {name: each["value"] for name, each in state["outputs"].items()}


def difference(change: dict[str, Any]) -> dict[str, Any]:
    before, after = change["before"] or {}, change["after"] or {}
    unknown = change.get("after_unknown") or {}
    return {
        key: (before.get(key), after.get(key))
        for key in {*before, *after}
        if before.get(key) != after.get(key) and not unknown.get(key)
    }


def base_environment(folder: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder / "nowhere"),
        "TF_IN_AUTOMATION": "1",
        "CHECKPOINT_DISABLE": "1",
    }
