"""What a scene of the demo is, and what it leaves behind."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from controller.demo.developer import Developer
from controller.demo.folder import Folder
from controller.demo.observer import Controller, Shop


@dataclass(frozen=True)
class Proof:
    """What a scene saw: one sentence, and the facts it rests on."""

    proved: str
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Stage:
    """What scenes play with."""

    folder: Folder
    developer: Developer
    controller: Controller
    say: Callable[[str], None]
    """Shows one line of progress."""

    def shop(self, environment: str) -> Shop:
        """The shop's live service in an environment."""
        return Shop(self.folder, environment)

    def remember(self, name: str, seen: Any) -> Any:
        """Keep what cannot be seen a second time, in case this run is killed; gives it back."""
        notes = {**self._notes(), name: seen}
        draft = self._notes_file.with_suffix(".part")
        draft.write_text(json.dumps(notes, indent=2, default=str, sort_keys=True) + "\n")
        draft.replace(self._notes_file)
        return seen

    def recall(self, name: str) -> Any:
        """Give what this or an earlier run has seen; None when none has."""
        return self._notes().get(name)

    @property
    def _notes_file(self) -> Path:
        return self.folder.evidence / "seen.json"

    def _notes(self) -> dict[str, Any]:
        try:
            notes: dict[str, Any] = json.loads(self._notes_file.read_text())
        except FileNotFoundError:
            return {}
        return notes


@dataclass(frozen=True)
class Scene:
    """One thing to be shown. `play` raises NotObserved when it was not to be seen."""

    name: str
    title: str
    play: Callable[[Stage], Proof]
    essential: bool = False
    """Whether the scenes after it cannot be played without it."""


@dataclass(frozen=True)
class Step:
    """A line of the summary."""

    name: str
    ok: bool
    proved: str
    evidence: str = ""
    seconds: float = 0.0


def write_evidence(folder: Folder, number: int, name: str, proof: Proof) -> str:
    """Keep what a scene saw; gives the file's path inside the demo's folder."""
    path = folder.evidence / f"{number:02d}-{name}.json"
    content = json.dumps(asdict(proof), indent=2, default=str, sort_keys=True)
    path.write_text(content + "\n")
    return str(path.relative_to(folder.root))
