"""Workspace → plan: what the engine would do."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Self

from controller.model.names import Commit, Digest, UnitName
from controller.model.plan_document import PlanDocument
from controller.model.state import EngineState
from controller.model.workspace import Workspace


class Action(StrEnum):
    """What would happen to one resource."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    READ = "read"
    NO_OP = "no-op"
    IMPORT = "import"
    FORGET = "forget"


@dataclass(frozen=True, slots=True)
class AttributeChange:
    """One attribute before and after, as short text; sensitive values are never here."""

    path: str
    before: str | None
    after: str | None
    """None: not known before it is applied, or not there."""
    sensitive: bool = False

    def __str__(self) -> str:
        if self.sensitive:
            return f"{self.path}: sensitive, not shown"
        before, after = (
            "(not there)" if side is None else side or '""' for side in (self.before, self.after)
        )
        return f"{self.path}: {before} → {after}"


class DriftKind(StrEnum):
    """What happened behind our back, as far as it can be told."""

    CHANGED = "changed"
    """Somebody gave attributes other values than the configuration wants."""
    DELETED = "deleted"
    UNMANAGED = "unmanaged"
    """A value that nothing in the configuration says: no apply would put it back."""
    STOPPED = "stopped"
    """It is as it was made, but does not run."""


@dataclass(frozen=True, slots=True)
class ResourceChange:
    """One resource of a plan, or of its drift."""

    address: str
    type: str
    action: Action
    attributes: tuple[AttributeChange, ...] = ()
    reason: str = ""
    imported: bool = False
    """Whether it is taken into the state first; with the action `import` nothing else is done."""
    drift: DriftKind | None = None
    """What kind of drift it is; None in a plan."""
    identities: tuple[str, ...] = ()
    """What the world calls a thing that has drifted: its id, ARN and name, to find it in logs."""

    def __str__(self) -> str:
        return f"{self.action} {self.address}"


@dataclass(frozen=True)
class PlanBinding:
    """What a plan is a plan of; apply refuses when any of it has changed."""

    commit: Commit
    workspace: Digest
    module: Digest
    upstream: Digest
    engine: str
    """Name and version, as `embedded 1.15.5`."""
    lineage: str
    serial: int
    """Of the state that the plan was made from; ("", 0) when there was none."""

    @classmethod
    def to(cls, workspace: Workspace, engine: str, state: EngineState | None) -> Self:
        """Say what a plan of a workspace is bound to when it is made now."""
        return cls(
            commit=workspace.commit,
            workspace=workspace.digest,
            module=workspace.module_digest,
            upstream=workspace.upstream_digest,
            engine=engine,
            lineage=state.lineage if state else "",
            serial=state.serial if state else 0,
        )


@dataclass(frozen=True)
class Plan:
    """A saved plan. `digest` identifies it: the bytes of the engine's file and the binding.

    The file itself may hold secrets and never leaves the unit's directory.
    `changes` holds no entries for resources that stay as they are. `drift` is what was found to
    differ from the state before anything was planned.
    """

    unit: UnitName
    digest: Digest
    binding: PlanBinding
    changes: tuple[ResourceChange, ...]
    drift: tuple[ResourceChange, ...]
    outputs_change: bool
    provisional: tuple[str, ...] = ()
    document: PlanDocument = field(default=PlanDocument(), repr=False, compare=False)
    """The same in Terraform's own words, redacted: what policies and risk look at."""
    moved: tuple[str, ...] = ()
    """Which providers look elsewhere than what is there was made, so that it may stay behind."""
    is_origin_noted: bool = True
    """Whether it is known where what is there was made; if not, nobody can tell what has moved."""

    @property
    def is_empty(self) -> bool:
        """Whether applying would change neither resources nor outputs."""
        return not self.changes and not self.outputs_change

    def counts(self) -> Mapping[Action, int]:
        """Count the changes by action."""
        counted: dict[Action, int] = {}
        for change in self.changes:
            counted[change.action] = counted.get(change.action, 0) + 1
        return counted

    def summary(self) -> str:
        """Say in one line what would happen: `1 create, 2 update`; `no changes`."""
        parts = [f"{number} {action}" for action, number in sorted(self.counts().items())]
        if self.outputs_change and not parts:
            parts = ["outputs change"]
        return ", ".join(parts) or "no changes"


def digest_plan(file: bytes, binding: PlanBinding) -> Digest:
    """Give the digest of a saved plan: of the engine's file and of what it is bound to."""
    bound = json.dumps(asdict(binding), sort_keys=True)
    inner = hashlib.sha256(file).hexdigest()
    return Digest(f"sha256:{hashlib.sha256(f'{inner} {bound}'.encode()).hexdigest()}")
