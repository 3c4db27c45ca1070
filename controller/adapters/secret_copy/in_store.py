"""A copy in a secret store of any vendor; its notes are custom metadata, or tags."""

from collections.abc import Mapping
from dataclasses import dataclass

from controller.diagnostics.secret import SecretText
from controller.model.delivery import CopyState, SecretReference
from controller.ports.secret_store import SecretStore

OWNER, FINGERPRINT, VERSION = "trueup-owner", "trueup-fingerprint", "trueup-version"


@dataclass(frozen=True, slots=True)
class StoreCopy:
    """Implements `ports.secret_copy.SecretCopy`."""

    store: SecretStore
    reference: SecretReference

    @property
    def address(self) -> str:
        """Tell store and path."""
        return f"{self.reference.store}:{self.reference.path}"

    async def look(self) -> CopyState | None:
        """Read the notes; a value whose version is not the noted one was written by others."""
        found = await self.store.describe(self.reference)
        if found is None:
            return None
        return CopyState(
            owner=found.marks.get(OWNER, ""),
            fingerprint=found.marks.get(FINGERPRINT, ""),
            is_moved=found.deleted or found.marks.get(VERSION) != str(found.version),
        )

    async def put(self, fields: Mapping[str, SecretText], *, owner: str, fingerprint: str) -> None:
        """Write over the version that is there now. Raises PlanStale when it moves meanwhile."""
        found = await self.store.describe(self.reference)
        marks = {OWNER: owner}
        if found is not None and found.marks.get(OWNER) != owner:
            await self.store.mark(self.reference, marks)
        expect = 0 if found is None else found.version
        version = await self.store.write(self.reference, fields, expect=expect, marks=marks)
        await self.store.mark(self.reference, {FINGERPRINT: fingerprint, VERSION: str(version)})

    async def remove(self) -> None:
        """Delete all versions."""
        await self.store.delete(self.reference)
