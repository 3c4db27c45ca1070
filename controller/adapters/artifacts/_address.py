"""The address of content, and what is an address."""

import hashlib

from controller.model.names import Digest, is_digest


def address_of(content: bytes) -> Digest:
    """Give the address of content."""
    return Digest(f"sha256:{hashlib.sha256(content).hexdigest()}")


def hexadecimal(digest: Digest) -> str:
    """Give the hexadecimal part of an address; raises ValueError for what is none."""
    if not is_digest(digest):
        raise ValueError(f"`{digest}` is no address: expected `sha256:` and 64 hexadecimal digits")
    return digest.removeprefix("sha256:")
