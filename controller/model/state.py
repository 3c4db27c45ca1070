"""The state of a unit as its engine keeps it, who holds its lock, and who works on it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from controller.diagnostics.secret import SecretText
from controller.model.names import Digest
from controller.model.outcome import Outcome
from controller.model.provider_places import Places


@dataclass(frozen=True)
class EngineState:
    """What the state says: identity, and outputs without the sensitive ones."""

    lineage: str
    serial: int
    outputs: Mapping[str, object] = field(default_factory=dict)
    sensitive_outputs: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    content: SecretText = field(default=SecretText(""), compare=False)
    """The whole of it, with every secret."""

    def is_of(self, outcome: Outcome | None) -> bool:
        """Tell whether it is the very state that an apply was recorded with."""
        return outcome is not None and (self.lineage, self.serial) == (
            outcome.lineage, outcome.serial,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class LockHolder:
    """Who holds the lock of a state."""

    id: str
    who: str
    operation: str
    created: str


@dataclass(frozen=True, slots=True)
class EngineProcess:
    """The process that does the work: with its start it cannot be mistaken for another one."""

    pid: int
    started: float
    """Seconds since the machine started, which no clock that is set can change."""
    boot: str = ""
    """Which start of the machine that was; empty when it is not known."""


@dataclass(frozen=True, slots=True)
class KeptState:
    """An earlier state that is kept: what it is, since when and why, without its content."""

    serial: int
    lineage: str
    digest: Digest
    at: datetime
    why: str
    resources: tuple[str, ...]
    made_with: tuple[Places, ...] = ()
    """Where the providers looked when what it names was made; empty when nobody noted it."""
    moved: tuple[str, ...] | None = None
    """Which of them look elsewhere now; told when it is shown. None: it was not compared."""
