"""A consumer that reads the delivered file and writes beside it what it has read.

It writes the SHA-256 of the bytes that it uses to `.NAME.ack.CONSUMER`, as `sha256sum` prints it.
So it tells of exactly this content, and needs to know of no generations.
"""

import asyncio
import hashlib
import hmac
from dataclasses import dataclass
from pathlib import Path

from controller.diagnostics.errors import Transient
from controller.model.names import SecretName

LONGEST = 4096
"""Bytes of an acknowledgement that are read; it is written by somebody else."""


@dataclass(frozen=True, slots=True)
class AcknowledgingReader:
    """Implements `ports.consumer.Consumer`."""

    name: str
    file: Path

    async def has(self, secret: SecretName, generation: int) -> bool:
        """Compare what it wrote with what was delivered."""
        del secret, generation
        try:
            return await asyncio.to_thread(self._has)
        except OSError as error:
            raise Transient.because(f"its file cannot be read: {error.strerror}") from error

    def _has(self) -> bool:
        note = self.file.with_name(f".{self.file.name}.ack.{self.name}")
        if note.is_symlink() or not note.is_file() or not self.file.is_file():
            return False
        with note.open("rb") as opened:
            words = opened.read(LONGEST).split()
        wanted = hashlib.sha256(self.file.read_bytes()).hexdigest().encode()
        return bool(words) and hmac.compare_digest(words[0].lower(), wanted)
