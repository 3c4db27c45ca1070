"""Seals by an Ed25519 key in a file that only its owner can read."""

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Self

from controller.diagnostics.errors import Stalled
from controller.durable import sync_folder

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PRIVATE, PUBLIC = "decisions.key", "decisions.pub"
_KEY = re.compile(r"[0-9a-f]{64}")
_SEAL = re.compile(r"[0-9a-f]{128}")


class Ed25519Keys:
    """Implements `KnownSeals`; a key is its 32 bytes as 64 hexadecimal digits."""

    def __init__(self, keys: Iterable[str]) -> None:
        """Know these keys. Raises Stalled for what is none."""
        self._keys = tuple(dict.fromkeys(key.strip() for key in keys))
        for key in self._keys:
            if not is_key(key):
                raise Stalled.because(
                    f"`{key[:80]}` is no public key",
                    hint="it is 64 hexadecimal digits; `trueup decision key` prints it",
                    code="promote/no-public-key",
                )

    @property
    def keys(self) -> tuple[str, ...]:
        """The public keys that are known, the newest first."""
        return self._keys

    def is_known(self, key: str) -> bool:
        """Tell whether a key is one of those."""
        return key in self._keys

    def is_sealed(self, content: bytes, seal: str, key: str) -> bool:
        """Tell whether exactly this content was sealed with a key that is known here."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        if not self.is_known(key) or _SEAL.fullmatch(seal) is None:
            return False
        try:
            public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key))
            public.verify(bytes.fromhex(seal), content)
        except (InvalidSignature, ValueError):
            return False
        return True


class Ed25519Seal(Ed25519Keys):
    """Implements `Seal`."""

    def __init__(self, private: "Ed25519PrivateKey", earlier: Iterable[str] = ()) -> None:
        self._private = private
        self._key = private.public_key().public_bytes_raw().hex()
        super().__init__((self._key, *earlier))

    @classmethod
    def open(cls, folder: Path, others: Iterable[str] = ()) -> Self:
        """Read the key of a folder, or make one; `others` are public keys of other installations.

        Beside it lies a list of all public keys that were ever in use there: who takes the private
        key away gets a new one, and decisions of before still count. Raises Stalled when the file
        holds something else.
        """
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        file = folder / PRIVATE
        try:
            raw = file.read_bytes()
        except FileNotFoundError:
            raw = Ed25519PrivateKey.generate().private_bytes_raw()
            _write(file, raw, 0o600)
        try:
            private = Ed25519PrivateKey.from_private_bytes(raw)
        except ValueError as error:
            raise Stalled.because(
                f"`{file}` holds no key that decisions are sealed with",
                hint="bring it back from a backup; or take it away, and a new one is made",
                code="promote/key-unreadable",
            ) from error
        file.chmod(0o600)
        earlier = _earlier(folder / PUBLIC)
        opened = cls(private, (*earlier, *others))
        if opened.key not in earlier:
            listed = "".join(f"{key}\n" for key in (opened.key, *earlier))
            _write(folder / PUBLIC, listed.encode(), 0o644)
        return opened

    @property
    def key(self) -> str:
        """The public key in use."""
        return self._key

    def sign(self, content: bytes) -> str:
        """Give the seal of a content, 128 hexadecimal digits."""
        return self._private.sign(content).hex()


def is_key(text: str) -> bool:
    """Tell whether a text may be a public key."""
    return _KEY.fullmatch(text) is not None


def _earlier(file: Path) -> tuple[str, ...]:
    try:
        return tuple(file.read_text(encoding="ascii").split())
    except FileNotFoundError:
        return ()
    except UnicodeDecodeError as error:
        raise Stalled.because(
            f"`{file}` does not list public keys",
            hint="bring it back from a backup; its lines are 64 hexadecimal digits",
            code="promote/no-public-key",
        ) from error


def _write(file: Path, content: bytes, mode: int) -> None:
    """Write a file so that a crash leaves it whole, or as it was."""
    unfinished = file.with_name(f".{file.name}.new")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as output:
        output.write(content)
        output.flush()
        os.fsync(output.fileno())
    unfinished.replace(file)
    sync_folder(file.parent)
