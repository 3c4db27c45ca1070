"""Content-addressed files: plans, evidence, logs."""

from typing import Protocol

from controller.model.names import Digest


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
