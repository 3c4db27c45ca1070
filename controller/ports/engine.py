"""Terraform or OpenTofu: what may be asked of an engine, for one workspace directory at a time."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from controller.diagnostics.secret import SecretText
from controller.model.drift import EngineLook
from controller.model.plan import ResourceChange
from controller.model.plan_document import PlanDocument
from controller.model.state import EngineProcess, EngineState, LockHolder

__all__ = [
    "Engine", "EngineCapabilities", "EnginePlan", "EngineProcess", "EngineState", "EngineVersion",
    "LockHolder", "OnProcess", "OnProgress",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class EngineVersion:
    """What runs: `embedded`, `terraform` or `tofu`, with its version."""

    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


@dataclass(frozen=True, slots=True)
class EngineCapabilities:
    """What this engine can do beyond the common part."""

    json_events: bool = True
    state_encryption: bool = False
    ephemeral_values: bool = False
    lockfile_readonly: bool = True
    lock_without_hashes: bool = False


@dataclass(frozen=True)
class EnginePlan:
    """What `plan` found. `file` lies in the workspace directory and may hold secrets.

    Sensitive values are redacted before they get into the changes and into the document.
    """

    file: Path
    changes: tuple[ResourceChange, ...]
    drift: tuple[ResourceChange, ...]
    outputs_change: bool
    errored: bool = False
    document: PlanDocument = field(default=PlanDocument(), repr=False)


OnProcess = Callable[[EngineProcess], Awaitable[None]]
OnProgress = Callable[[str], None]


class Engine(Protocol):
    """One engine at one version. Calls for different directories may run side by side.

    All raise EngineRefused when the configuration is refused (with the engine's own words quoted),
    EngineFailed when the engine, a provider or a backend broke off, StateLocked with the holder.
    Cancelling the task that awaits a call sends one SIGINT, waits for the engine to end on its own
    and only then raises CancelledError: an apply is never killed.
    """

    @property
    def version(self) -> EngineVersion:
        """Name and version."""

    @property
    def capabilities(self) -> EngineCapabilities:
        """What it can do."""

    async def init(self, directory: Path) -> None:
        """Install what the workspace needs. May be repeated; costs nothing when nothing changed."""

    async def validate(self, directory: Path) -> None:
        """Check the configuration without touching the world. May be repeated."""

    async def plan(
        self, directory: Path, *, destroy: bool = False, on_progress: OnProgress | None = None
    ) -> EnginePlan:
        """Look at what is there and save a plan as `trueup.tfplan`. May be repeated."""

    async def apply(
        self,
        directory: Path,
        *,
        on_process: OnProcess | None = None,
        on_progress: OnProgress | None = None,
    ) -> None:
        """Apply the saved plan `trueup.tfplan`; the engine refuses one that is stale (PlanStale).

        Must not be repeated blindly: after a failure, plan again. `on_process` is awaited with
        the process that does the work before the work begins.
        """

    async def refresh(self, directory: Path, *, exact: bool = False) -> EngineLook:
        """Look for what is not as it was applied, without writing the state or the saved plan.

        With `exact` the values of attributes are JSON, whole: for programs, not to be shown or
        kept.
        """

    async def normalise(self, directory: Path) -> None:
        """Write what was read back right after an apply into the state (`apply -refresh-only`).

        May be repeated.
        """

    async def state(self, directory: Path) -> EngineState | None:
        """Read the state; None when there is none. An empty state file is EngineFailed."""

    async def import_resource(self, directory: Path, address: str, identity: str) -> None:
        """Take an existing thing into the state. What is in it already is EngineRefused."""

    async def push_state(self, directory: Path, content: SecretText) -> None:
        """Write a whole state over the one that is there.

        One of another lineage, or of a serial that is not higher, is EngineRefused.
        """

    async def lock_holder(self, directory: Path) -> LockHolder | None:
        """Tell who holds the lock of the state, if anybody does and it can be known."""

    async def force_unlock(self, directory: Path, lock: str) -> None:
        """Break a lock by its id. Of a process of ours that is alive it is StateLocked."""

    async def break_orphan(self, directory: Path) -> LockHolder | None:
        """Break the lock when it is proven that its holder was a process of ours and is dead."""

    async def get_ready(self, providers: Mapping[str, tuple[str, str]]) -> None:
        """Load providers (local name → source, version), so that no plan has to wait for that.

        Raises what `init` raises; nothing is lost then but time.
        """

    async def close(self) -> None:
        """End warm processes, gracefully."""
