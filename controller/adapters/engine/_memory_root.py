"""A rendered root directory as the memory engine understands it: variables and outputs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller.diagnostics.errors import EngineRefused
from controller.model.workspace import EPHEMERAL_VARIABLES


@dataclass(frozen=True)
class MemoryRoot:
    """What a directory asks for: one unit with its attributes, and outputs."""

    identity: str
    """`product/environment/stack`, from where the directory lies."""
    attributes: Mapping[str, object]
    sensitive: frozenset[str]
    """The variables that are marked sensitive."""
    imports: tuple[str, ...]
    """Names in the cloud that `import` blocks take over; a memory unit has one resource."""
    outputs: Mapping[str, bool]
    """Name → whether it is sensitive."""


def identify(directory: Path) -> str:
    """Name the unit of a directory by the last three parts of its path."""
    return "/".join(directory.resolve().parts[-3:])


def name_in_cloud(directory: Path) -> str:
    """Name what a unit makes: a provider with a region finds only what lies in that."""
    blocks: Mapping[str, Any] = _read(directory / "main.tf.json").get("provider", {})
    regions = {str(b["region"]) for b in blocks.values() if isinstance(b, dict) and "region" in b}
    return "@".join([identify(directory), *sorted(regions)])


def read_root(directory: Path) -> MemoryRoot:
    """Read `main.tf.json` and `terraform.tfvars.json`; raises EngineRefused as an engine would."""
    main = _read(directory / "main.tf.json")
    if not main:
        raise EngineRefused.because("memory refused: no configuration files")
    kept_nowhere = _read(directory / EPHEMERAL_VARIABLES)
    declared: Mapping[str, Any] = {
        name: one for name, one in main.get("variable", {}).items() if name not in kept_nowhere
    }
    given = _read(directory / "terraform.tfvars.json")
    attributes: dict[str, object] = {}
    for name, variable in sorted(declared.items()):
        if name not in given and "default" not in variable:
            raise EngineRefused.because(f"memory refused: no value for required variable `{name}`")
        value = given.get(name, variable.get("default"))
        if variable.get("type") == "number" and not isinstance(value, int | float):
            raise EngineRefused.because(f"memory refused: variable `{name}` is not a number")
        attributes[name] = value
    return MemoryRoot(
        identity=identify(directory),
        attributes=attributes,
        sensitive=frozenset(name for name, one in declared.items() if one.get("sensitive")),
        imports=tuple(str(entry["id"]) for entry in main.get("import", ())),
        outputs={
            name: bool(output.get("sensitive")) for name, output in main.get("output", {}).items()
        },
    )


def compute_outputs(root: MemoryRoot) -> dict[str, dict[str, object]]:
    """Give the outputs as a state holds them.

    An output that is called like a variable has its value; any other is an address made of the
    unit's name.
    """
    return {
        name: {
            "value": root.attributes.get(name, f"memory://{root.identity}/{name}"),
            "sensitive": sensitive,
        }
        for name, sensitive in root.outputs.items()
    }


def _read(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        return {}
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as wrong:
        raise EngineRefused.because(f"memory refused `{path.name}`: {wrong}") from None
    if not isinstance(document, dict):
        raise EngineRefused.because(f"memory refused `{path.name}`: it holds no object")
    return document
