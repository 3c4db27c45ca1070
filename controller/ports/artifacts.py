"""Content-addressed files: plans, evidence, logs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from controller.model.names import Digest
from controller.model.retention import StoredArtifact


class Artifacts(Protocol):
    """A store of bytes by their digest."""

    async def put(self, content: bytes) -> Digest:
        """Store and give the address. May be repeated; survives a crash once it has returned."""

    async def get(self, digest: Digest) -> bytes | None:
        """Give the content, checked against its address; None when it is not there.

        Raises Stalled when what is stored is not what its address says.
        """

    def locate(self, digest: Digest) -> str:
        """Tell a person where the content lies: a path or an address."""

    async def stored(self) -> Sequence[StoredArtifact]:
        """List what is there, by address, and when each was last put."""

    async def remove(self, digest: Digest, *, unless_put_since: datetime) -> bool:
        """Remove content that was not put again since an instant; tells whether it is gone.

        Of a `put` at the same time one comes first: what it has returned for is there.
        """
