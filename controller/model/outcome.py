"""Plan and verdict → outcome: what happened when a plan was applied."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.model.names import Commit, Digest, UnitName


@dataclass(frozen=True)
class Outcome:
    """The state of a unit after an apply (or after finding that nothing had to be done).

    `outputs` holds what other units may read; sensitive outputs are left out. `fingerprint` is the
    digest of workspace, engine and upstream outputs: while it stays the same nothing is to be done.
    """

    unit: UnitName
    commit: Commit
    plan: Digest
    engine: str
    lineage: str
    serial: int
    fingerprint: Digest
    outputs: Mapping[str, object] = field(default_factory=dict)
    changed: bool = True

    def missing_in(self, lineage: str, serial: int) -> str:
        """Say why a state cannot know what was applied; empty when it came of that, or later."""
        if not self.lineage:
            return ""
        if not lineage:
            return "it is gone"
        if lineage != self.lineage:
            return f"it is another one, of lineage `{lineage}` instead of `{self.lineage}`"
        if serial < self.serial:
            return f"it is an earlier one, of serial {serial} instead of {self.serial}"
        return ""


def fingerprint(workspace: Digest, engine: str) -> Digest:
    """Give the fingerprint of a workspace (inputs, module and upstream outputs) under an engine."""
    return Digest(f"sha256:{hashlib.sha256(f'{workspace} {engine}'.encode()).hexdigest()}")
