"""Whether `init` has to run again: a note in `.terraform` of what it ran for."""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from controller.adapters.engine import _lock_file
from controller.ports.engine import EngineVersion

NAME = Path(".terraform") / "trueup-init.json"
OVERRIDE = "trueup_override.tf.json"
"""Marks outputs of the root, which installs nothing and comes and goes."""

_REQUIRED = re.compile(r'"?required_providers"?\s*[:=]?\s*\{')


@dataclass(frozen=True, slots=True)
class InitStamp:
    """What an `init` was run for: the providers asked for, and all that counts."""

    wants: str
    found: str


def compute(directory: Path, version: EngineVersion, setting: str) -> InitStamp:
    """Make the stamp of a directory as it is now; `setting` is whatever else decides."""
    wants, everything = hashlib.sha256(), hashlib.sha256(f"{version} {setting}".encode())
    for path in configuration(directory):
        content = path.read_bytes()
        name = path.relative_to(directory).as_posix()
        everything.update(f"{name} {len(content)} ".encode() + content)
        for block in _required_providers(content.decode("utf-8", "replace")):
            wants.update(block.encode())
    lock = directory / _lock_file.NAME
    if lock.is_file():
        everything.update(lock.read_bytes())
    return InitStamp(wants.hexdigest(), everything.hexdigest())


def read(directory: Path) -> InitStamp | None:
    """Read the note of the last `init` that ended well."""
    try:
        return InitStamp(**json.loads((directory / NAME).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def write(directory: Path, stamp: InitStamp) -> None:
    """Note that `init` ended well."""
    path = directory / NAME
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.write_text(json.dumps(asdict(stamp)), encoding="utf-8")


def forget(directory: Path) -> None:
    """Make the next `init` run; which providers were locked for what wishes stays known."""
    if (stamp := read(directory)) is not None:
        write(directory, replace(stamp, found=""))


def configuration(directory: Path) -> Iterator[Path]:
    """Every file of configuration: module sources and backends may stand in any of them."""
    for path in sorted(directory.rglob("*.tf*")):
        inside = path.relative_to(directory)
        if inside.parts[0] == ".terraform" or inside.parts == (OVERRIDE,):
            continue
        if path.name.endswith((".tf", ".tf.json")):
            yield path


def _required_providers(text: str) -> Iterator[str]:
    """Cut out the blocks, brace by brace; a brace in a string makes a block longer, no worse."""
    for start in _REQUIRED.finditer(text):
        depth, end = 1, start.end()
        while depth and end < len(text):
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            end += 1
        yield "".join(text[start.start() : end].split())
