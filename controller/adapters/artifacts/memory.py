"""Artifacts that are gone with the process."""

from collections.abc import Callable, Sequence
from datetime import datetime

from controller.adapters.artifacts._address import address_of, hexadecimal
from controller.model.names import Digest
from controller.model.retention import StoredArtifact


class MemoryArtifacts:
    """A dictionary from address to content."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._contents: dict[Digest, bytes] = {}
        self._put_at: dict[Digest, datetime] = {}
        self._now = now

    async def put(self, content: bytes) -> Digest:
        """Keep content and give its address. May be repeated."""
        digest = address_of(content)
        self._contents[digest] = bytes(content)
        self._put_at[digest] = self._now()
        return digest

    async def get(self, digest: Digest) -> bytes | None:
        """Give the content of an address; None when it is not there."""
        hexadecimal(digest)
        return self._contents.get(digest)

    def locate(self, digest: Digest) -> str:
        """Tell a person where the content lies."""
        return f"memory:{hexadecimal(digest)}"

    async def stored(self) -> Sequence[StoredArtifact]:
        """List what is there, by address."""
        return [
            StoredArtifact(digest, len(self._contents[digest]), put_at)
            for digest, put_at in sorted(self._put_at.items())
        ]

    async def remove(self, digest: Digest, *, unless_put_since: datetime) -> bool:
        """Remove content that was not put again since; tells whether it is gone."""
        put_at = self._put_at.get(digest)
        if put_at is not None and put_at >= unless_put_since:
            return False
        self._contents.pop(digest, None)
        self._put_at.pop(digest, None)
        return True
