"""What an apply has told of making, kept until its state is known to be written.

A remote state is written every twenty seconds at most, a local one in place: an engine that is
killed has made things that no state knows of. Without this note they would be made a second time.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from controller.adapters.engine._process import is_alive
from controller.ports.engine import EngineProcess

_TELLING = frozenset({"apply_start", "apply_complete", "apply_errored"})
NOTE = Path(".trueup") / "made.jsonl"


@dataclass(frozen=True, slots=True)
class Made:
    """One resource that was created; `identity` is empty while that was under way."""

    address: str
    identity: str = ""
    is_complete: bool = False
    is_refused: bool = False


def begin(directory: Path) -> None:
    """Begin a new note: an apply is about to start."""
    path = directory / NOTE
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.write_text("", encoding="utf-8")


def take(directory: Path, event: Mapping[str, Any]) -> None:
    """Note what an event of the engine tells of a resource that is created."""
    kind, hook = event.get("type"), event.get("hook")
    if kind not in _TELLING or not isinstance(hook, Mapping):
        return
    if hook.get("action") != "create":
        return
    address = str((hook.get("resource") or {}).get("addr", ""))
    identity = str(hook.get("id_value") or "") if hook.get("id_key") == "id" else ""
    _add(directory, [address, identity, kind == "apply_complete", kind == "apply_errored"])


def works(directory: Path, process: EngineProcess) -> None:
    """Note who makes it."""
    _add(directory, asdict(process))


def is_going_on(directory: Path) -> bool:
    """Tell whether the process that makes it is alive."""
    return any(
        is_alive(EngineProcess(**line)) for line in _lines(directory) if isinstance(line, dict)
    )


def forget(directory: Path) -> None:
    """End the note: the state says it all."""
    (directory / NOTE).unlink(missing_ok=True)


def tell(missing: Iterable[Made]) -> str:
    """Say what became of resources that a cut-off apply was making."""
    found = tuple(missing)
    taken = ", ".join(f"`{made.address}`" for made in found if made.is_complete)
    begun = ", ".join(f"`{made.address}`" for made in found if not made.is_complete)
    parts = [f"what it had made was taken into the state by its id: {taken}"] if taken else []
    if begun:
        parts.append(f"{begun} was begun and not confirmed: it may exist, and no state knows of it")
    return f"the engine died in the middle of an apply; {'; '.join(parts)}"


def missing(directory: Path, known: Iterable[str]) -> tuple[Made, ...] | None:
    """Give what was made, or may have been, and is not in a state; None when nothing is noted."""
    if not (directory / NOTE).is_file():
        return None
    found = {line[0]: Made(*line) for line in _lines(directory) if isinstance(line, list)}
    # What the provider refused to make is not there; what it made in part is in the state.
    in_state = {*known, *(made.address for made in found.values() if made.is_refused)}
    return tuple(made for address, made in sorted(found.items()) if address not in in_state)


def _add(directory: Path, line: object) -> None:
    with (directory / NOTE).open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
        file.flush()
        os.fsync(file.fileno())


def _lines(directory: Path) -> Iterator[Any]:
    path = directory / NOTE
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        try:
            yield json.loads(line)
        except ValueError:  # cut off
            continue
