"""Artifacts that are gone with the process."""

from controller.adapters.artifacts._address import address_of, hexadecimal
from controller.model.names import Digest


class MemoryArtifacts:
    """A dictionary from address to content."""

    def __init__(self) -> None:
        self._contents: dict[Digest, bytes] = {}

    async def put(self, content: bytes) -> Digest:
        """Keep content and give its address. May be repeated."""
        digest = address_of(content)
        self._contents[digest] = bytes(content)
        return digest

    async def get(self, digest: Digest) -> bytes | None:
        """Give the content of an address; None when it is not there."""
        hexadecimal(digest)
        return self._contents.get(digest)

    def locate(self, digest: Digest) -> str:
        """Tell a person where the content lies."""
        return f"memory:{hexadecimal(digest)}"
