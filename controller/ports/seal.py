"""The seal on a decision record: who looks at it later can tell which installation wrote it."""

from collections.abc import Sequence
from typing import Protocol


class KnownSeals(Protocol):
    """Checks seals with public keys, and needs nothing else."""

    @property
    def keys(self) -> Sequence[str]:
        """The public keys that are known, the newest first, each as 64 hexadecimal digits."""

    def is_known(self, key: str) -> bool:
        """Tell whether a key is one of those."""

    def is_sealed(self, content: bytes, seal: str, key: str) -> bool:
        """Tell whether exactly this content was sealed with a key that is known here."""


class Seal(KnownSeals, Protocol):
    """Signs with a key that never leaves the controller."""

    @property
    def key(self) -> str:
        """The public key in use."""

    def sign(self, content: bytes) -> str:
        """Give the seal of a content; the same content gives the same seal."""
