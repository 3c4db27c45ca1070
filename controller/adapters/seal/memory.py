"""A seal that is gone with the process."""

import hashlib
import hmac


class MemorySeal:
    """Implements `Seal` with a secret that is given."""

    def __init__(self, secret: bytes = b"memory") -> None:
        self._secret = secret

    @property
    def key(self) -> str:
        """The name of the secret."""
        return hashlib.sha256(self._secret).hexdigest()

    @property
    def keys(self) -> tuple[str, ...]:
        """The one that is known."""
        return (self.key,)

    def is_known(self, key: str) -> bool:
        """Tell whether it is that one."""
        return key == self.key

    def sign(self, content: bytes) -> str:
        """Give the seal of a content."""
        return hmac.new(self._secret, content, hashlib.sha256).hexdigest()

    def is_sealed(self, content: bytes, seal: str, key: str) -> bool:
        """Tell whether a seal was made with this secret."""
        return key == self.key and hmac.compare_digest(seal.encode(), self.sign(content).encode())
